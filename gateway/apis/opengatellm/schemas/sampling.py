"""How answers are drawn: the fields that bodies of every generating endpoint share."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from gateway.serving.chat.options import ChatOptions


class SamplingBody(BaseModel):
    """What models on Triton heed; null is as good as not given, also of what is not known."""

    model_config = ConfigDict(extra="forbid")

    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    repetition_penalty: float | None = None
    logit_bias: dict[int, float] | None = None
    max_tokens: int | None = None
    min_tokens: int | None = None
    n: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _null_is_nothing(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        return {name: value for name, value in fields.items() if value is not None}

    def sampled(
        self, *, temperature: float, max_tokens: int | None, top_logprobs: int | None = None
    ) -> ChatOptions:
        """The options, with what each endpoint has its own rules for.

        Args:
            temperature: where the body has none.

        Raises:
            RefusedInputError: a number is out of its range.

        """
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or ()
        return ChatOptions(
            temperature=temperature if self.temperature is None else self.temperature,
            top_p=1.0 if self.top_p is None else self.top_p,
            top_k=self.top_k or 0,
            presence_penalty=self.presence_penalty or 0.0,
            frequency_penalty=self.frequency_penalty or 0.0,
            repetition_penalty=1.0 if self.repetition_penalty is None else self.repetition_penalty,
            logit_bias=self.logit_bias or {},
            seed=self.seed,
            n=1 if self.n is None else self.n,
            stop=tuple(stop),
            min_tokens=self.min_tokens or 0,
            max_tokens=max_tokens,
            top_logprobs=top_logprobs,
        )
