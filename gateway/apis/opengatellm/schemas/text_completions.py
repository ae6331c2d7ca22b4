"""Body of `/v1/completions`, and what it answers: texts continued as they stand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from time import time
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from control_plane.catalog import Router
from gateway.apis.opengatellm.schemas.answers import InferenceUsage
from gateway.apis.opengatellm.schemas.sampling import SamplingBody
from gateway.serving.chat.sampling import sampling
from gateway.serving.generation.results import Chunk, GenerationParameters
from gateway.serving.tasks.generation import Generations
from model_repository.heads import GenerationHead

DEFAULT_TOKENS = 16
MAX_TEXTS = 128
"""Texts of one request that models on Triton continue; providers elsewhere have limits of their own."""

Text = Annotated[str, Field(min_length=1)]
Tokens = Annotated[list[Annotated[StrictInt, Field(ge=0)]], Field(min_length=1)]
Texts = Annotated[list[Text], Field(min_length=1)]
TokenLists = Annotated[list[Tokens], Field(min_length=1)]
Prompt = Text | Texts | Tokens | TokenLists


class CompletionsBody(BaseModel):
    """Texts, and how they go on. Fields that are not listed reach the model's provider."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(description="Name or alias of a model.", examples=["smollm2"])
    prompt: Prompt = Field(
        description="One text or several; for providers elsewhere also tokens.", examples=["A galley is"]
    )
    max_tokens: int | None = Field(None, description="16 if not given.", examples=[24])
    n: int | None = None
    stream: StrictBool | None = None

    def texts(self) -> list[str]:
        """Those that are texts."""
        prompts = [self.prompt] if isinstance(self.prompt, str) else self.prompt
        return [prompt for prompt in prompts if isinstance(prompt, str)]

    def tokens(self) -> int:
        """Of those that are tokens."""
        prompts = [] if isinstance(self.prompt, str) else self.prompt
        return sum(len(each) if isinstance(each, list) else isinstance(each, int) for each in prompts)

    def longest(self, _router: Router) -> int:
        """Tokens that all choices have together at most."""
        one = DEFAULT_TOKENS if self.max_tokens is None else max(self.max_tokens, 0)
        return one * max(self.n or 1, 1) * max(len(self.texts()), 1)


class ModelCompletion(SamplingBody):
    """What models on Triton heed; the fields of the last group change nothing about the answer."""

    prompt: str | Annotated[list[str], Field(max_length=MAX_TEXTS)]
    echo: bool | None = None

    model: str
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    user: str | None = None

    def parameters(self, _head: GenerationHead) -> GenerationParameters:
        """What is asked for, as models are told.

        Raises:
            RefusedInputError: a number is out of its range.

        """
        most = DEFAULT_TOKENS if self.max_tokens is None else self.max_tokens
        options = self.sampled(temperature=1.0, max_tokens=most)
        return GenerationParameters(sampling(options, most), options.stop)


class TextCompletion(msgspec.Struct, frozen=True, kw_only=True):
    """Continuations, `n` of each text."""

    id: str
    object: str
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: InferenceUsage


@dataclass(slots=True)
class CompletionWriter:
    """Makes one answer of `/v1/completions`, whole or as chunks.

    Attributes:
        echoed: the texts, where they are repeated in front of what follows them.

    """

    model: str
    echoed: Sequence[str] = ()
    id: str = field(default_factory=lambda: f"cmpl-{token_hex(16)}")
    created: int = field(default_factory=lambda: int(time()))
    _begun: set[int] = field(default_factory=set)

    def whole(self, generations: Generations) -> dict[str, Any]:
        """All continuations."""
        choices: list[dict[str, Any]] = []
        for number, answers in enumerate(generations.answers):
            echo = self.echoed[number] if self.echoed else ""
            for answer in answers:
                choices.append(_choice(len(choices), echo + answer.text, answer.finish_reason))
        return self._answer(choices)

    def chunk(self, chunk: Chunk) -> bytes:
        """JSON of the next chunk of a single text."""
        echo = "" if chunk.index in self._begun else "".join(self.echoed)
        self._begun.add(chunk.index)
        return msgspec.json.encode(
            self._answer([_choice(chunk.index, echo + chunk.text, chunk.finish_reason)])
        )

    def _answer(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


def _choice(index: int, text: str, reason: str) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": reason or None}
