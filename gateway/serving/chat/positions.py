"""Logprobs of each token, held back until the token's text is sent."""

from codecs import getincrementaldecoder
from collections import deque

from gateway.serving.chat.results import Position, TokenLogprob
from gateway.serving.generation.results import Chunk
from model_repository.generation import FinishReason
from model_repository.vocabulary import Vocabulary


class Positions:
    """The tokens of one answer; those of a stop text are never told, as it is no part of the answer."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._held: deque[Position] = deque()
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._written = 0
        self._told = 0

    def feed(self, chunk: Chunk) -> tuple[Position, ...]:
        """Tokens whose text has begun with this chunk."""
        self._held += self._read(chunk)
        self._written += len(chunk.text)
        whole = chunk.finish_reason is not FinishReason.NONE and not chunk.stopped
        ready = []
        while self._held and (whole or self._told < self._written):
            position = self._held.popleft()
            self._told += len(self._decoder.decode(position.chosen.bytes))
            ready.append(position)
        return tuple(ready)

    def _read(self, chunk: Chunk) -> list[Position]:
        return [
            Position(
                self._token(token, logprob.chosen),
                tuple(map(self._token, logprob.top_ids, logprob.top)),
            )
            for token, logprob in zip(chunk.token_ids, chunk.logprobs, strict=False)
        ]

    def _token(self, token: int, logprob: float) -> TokenLogprob:
        data = self._vocabulary.bytes_of(token)
        return TokenLogprob(data.decode(errors="replace"), data, logprob)
