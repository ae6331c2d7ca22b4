"""What is asked of a generating model, and what comes back."""

from dataclasses import dataclass

from model_repository.generation import FinishReason, SamplingParameters


@dataclass(frozen=True, slots=True)
class GenerationParameters:
    """How to generate.

    Attributes:
        stop: texts that end an answer; they are no part of it.

    """

    sampling: SamplingParameters
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Generated:
    """One answer.

    Attributes:
        text: the new text alone, without special tokens.
        token_ids: the new tokens, without the one that ended them.
        prompt_tokens: tokens that the model read, special ones included.

    """

    text: str
    token_ids: tuple[int, ...]
    finish_reason: FinishReason
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """The next piece of an answer.

    Attributes:
        index: which of the answers it continues.
        text: may be empty where tokens do not make whole characters yet.
        finish_reason: `NONE` while the answer goes on.

    """

    index: int
    text: str
    token_ids: tuple[int, ...]
    finish_reason: FinishReason
