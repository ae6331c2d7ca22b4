"""One request on its way through an engine."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from model_repository.generation import FinishReason, SamplingParameters

SILENCE = np.zeros((0, 0), np.float32)


class Failure(StrEnum):
    """Why a request fails, by the name that Triton has for it."""

    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"
    INVALID_ARG = "INVALID_ARG"
    CANCELLED = "CANCELLED"


class Logprob(NamedTuple):
    """What the model thought of one new token.

    Attributes:
        top_ids: likeliest tokens in its place, likeliest first.
        top: their logprobs.

    """

    chosen: float
    top_ids: Sequence[int] = ()
    top: Sequence[float] = ()


class Reply(Protocol):
    """The way back to whoever asked."""

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits any more."""
        ...

    def send(
        self,
        tokens: Sequence[int],
        index: int,
        reason: FinishReason,
        *,
        last: bool,
        logprobs: Sequence[Logprob] | None = None,
    ) -> None:
        """New tokens of one sequence; `last` is said once, with the last ones of all.

        Args:
            logprobs: one a token where they were asked for.

        """
        ...

    def fail(self, message: str, failure: Failure) -> None:
        """The end, whatever has been sent before."""
        ...


class Job:
    """A prompt and how to continue it; used by one thread at a time.

    Attributes:
        prompt: token ids.
        features: what a model that hears is to write down, float32 `[mels, frames]`; empty for all others.

    """

    def __init__(
        self,
        prompt: list[int],
        parameters: SamplingParameters,
        reply: Reply,
        features: NDArray[np.float32] = SILENCE,
    ) -> None:
        self.prompt = prompt
        self.features = features
        self.parameters = parameters
        self._reply = reply
        self._held: list[list[int]] = [[] for _ in range(parameters.num_return_sequences)]
        self._logprobs: list[list[Logprob]] = [[] for _ in range(parameters.num_return_sequences)]
        self._unfinished = parameters.num_return_sequences
        self._begun = False
        self._done = False

    @property
    def cancelled(self) -> bool:
        """Whether the caller has left."""
        return self._reply.cancelled

    @property
    def begun(self) -> bool:
        """Whether tokens have come."""
        return self._begun

    @property
    def done(self) -> bool:
        """Whether the last answer has been sent."""
        return self._done

    def send(
        self,
        tokens: Sequence[int],
        *,
        index: int = 0,
        reason: FinishReason = FinishReason.NONE,
        logprobs: Sequence[Logprob] = (),
    ) -> None:
        """New tokens of a sequence; they wait for as many as one response brings, or for the reason to end.

        A response is a message to Triton and on to the caller: for small models, sending each token alone
        takes a noticeable share of the time that computing it takes.
        """
        self._begun = True
        held = self._held[index]
        held += tokens
        thought = self._logprobs[index]
        thought += logprobs
        if reason is FinishReason.NONE and len(held) < self.parameters.stream_interval:
            return
        self._held[index], self._logprobs[index] = [], []
        self._unfinished -= reason is not FinishReason.NONE
        self._done = self._unfinished == 0
        told = None if self.parameters.top_logprobs is None else thought
        self._reply.send(held, index, reason, last=self._done, logprobs=told)

    def fail(self, message: str, failure: Failure = Failure.INTERNAL) -> None:
        """Answer with an error."""
        self._done = True
        self._reply.fail(message, failure)

    def drop(self) -> None:
        """End the request of a caller who has left."""
        self.fail("the caller gave the request up", Failure.CANCELLED)
