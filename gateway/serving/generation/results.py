"""Input and output of text generation."""

from dataclasses import dataclass

from model_repository.generation import FinishReason, SamplingParameters


@dataclass(frozen=True, slots=True)
class GenerationParameters:
    """How to generate.

    Attributes:
        stop: texts that end an answer; they are no part of it.
        special_tokens: the text has special tokens too, such as may mark the calls of tools.

    """

    sampling: SamplingParameters
    stop: tuple[str, ...] = ()
    special_tokens: bool = False


@dataclass(frozen=True, slots=True)
class Logprob:
    """The natural logarithm of a new token's probability under the model, before any parameter changed it.

    Attributes:
        top_ids: likeliest tokens in its place, likeliest first; as many as were asked for.
        top: their logprobs.

    """

    chosen: float
    top_ids: tuple[int, ...]
    top: tuple[float, ...]


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
        logprobs: one a token where they were asked for.
        stopped: a stop text came, so the last tokens are no part of the text.

    """

    index: int
    text: str
    token_ids: tuple[int, ...]
    finish_reason: FinishReason
    logprobs: tuple[Logprob, ...] = ()
    stopped: bool = False
