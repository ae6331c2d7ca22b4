"""What all answers of models have: an id, the caller's name of the model, and what they took."""

from collections.abc import Mapping
from secrets import token_hex
from typing import Any, Self

import msgspec

from gateway.apis.opengatellm.schemas.usage import Carbon
from gateway.serving.inference.inference import Answered


class ModelTokens(msgspec.Struct, frozen=True):
    """Tokens as the model itself counts them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class InferenceUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer took: tokens by the gateway's own tokenizer, their price, and the model's own count.

    Attributes:
        requests: calls of models that were made for this one; none where nothing is told.
        model_tokens: absent where the model does not tell.

    """

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cost: float
    carbon: Carbon
    requests: int
    model_tokens: ModelTokens | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, answered: Answered[Any]) -> Self:
        """As this API shows it."""
        usage = answered.usage
        tokens: ModelTokens | msgspec.UnsetType = msgspec.UNSET
        if usage.model_prompt_tokens is not None or usage.model_completion_tokens is not None:
            read, written = usage.model_prompt_tokens or 0, usage.model_completion_tokens or 0
            tokens = ModelTokens(read, written, read + written)
        return cls(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            total_tokens=usage.prompt_tokens + usage.completion_tokens,
            cost=usage.cost,
            carbon=Carbon(usage.footprint.kwh, usage.footprint.kgco2eq),
            requests=1,
            model_tokens=tokens,
        )


def completed(answered: Answered[Mapping[str, Any]], model: str) -> dict[str, Any]:
    """An answer as its caller gets it: with an id, its own name of the model, and the usage."""
    answer = answered.value
    return {
        **answer,
        "id": answer.get("id") or request_id(),
        "model": model,
        "usage": InferenceUsage.of(answered),
    }


def request_id() -> str:
    """Name of an answer that has none yet."""
    return f"request-{token_hex(16)}"
