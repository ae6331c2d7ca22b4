"""One choice of an answer while it is generated: its text, its tool calls and its logprobs."""

from gateway.serving.chat.calls import CallReader
from gateway.serving.chat.dialects import Dialect
from gateway.serving.chat.positions import Positions
from gateway.serving.chat.results import FinishReason, Piece
from gateway.serving.generation.results import Chunk
from model_repository.generation import FinishReason as Reason
from model_repository.vocabulary import Vocabulary

REASONS = {Reason.NONE: None, Reason.STOP: FinishReason.STOP, Reason.LENGTH: FinishReason.LENGTH}


class Answer:
    """Turns what the model wrote into pieces.

    Args:
        prompt_tokens: that the model read.
        dialect: of the calls; None where there are none.
        inside: the prompt ended within a call.
        parallel: more than one call may come.

    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        prompt_tokens: int,
        dialect: Dialect | None,
        *,
        inside: bool,
        parallel: bool,
    ) -> None:
        self._prompt_tokens = prompt_tokens
        self._positions = Positions(vocabulary)
        self._calls = None if dialect is None else CallReader(dialect, inside=inside, parallel=parallel)

    def read(self, chunk: Chunk) -> Piece:
        """The piece that a chunk makes."""
        reason = REASONS[chunk.finish_reason]
        logprobs = self._positions.feed(chunk) if chunk.logprobs or reason is not None else ()
        if self._calls is None:
            return Piece(
                chunk.index,
                chunk.text,
                len(chunk.token_ids),
                self._prompt_tokens,
                logprobs=logprobs,
                finish_reason=reason,
            )
        text, deltas = self._calls.feed(chunk.text, final=reason is not None)
        if reason is FinishReason.STOP and self._calls.calls:
            reason = FinishReason.TOOL_CALLS
        return Piece(chunk.index, text, len(chunk.token_ids), self._prompt_tokens, deltas, logprobs, reason)
