"""Chats that our own models answer, and what a streamed chat consists of, whoever answers it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from control_plane.catalog import Provider
from gateway.serving.chat.messages import Conversation
from gateway.serving.chat.results import ChatAnswer, Piece
from gateway.serving.metering.call import current_call
from gateway.serving.tasks.chat import ChatTask


@dataclass(frozen=True, slots=True)
class ChatEvent:
    """An event of a streamed chat.

    Attributes:
        data: its JSON, as the caller gets it.
        text: what is new in it.
        tokens: that it is to the model, 0 where it does not tell.

    """

    data: bytes
    text: str
    tokens: int = 0


class ModelChat:
    """Chats of models on Triton, counted."""

    def __init__(self, task: ChatTask) -> None:
        self._task = task

    async def answer(self, provider: Provider, conversation: Conversation) -> ChatAnswer:
        """All choices.

        Raises:
            TriremeError: see `ChatTask.run`.

        """
        answer = await self._task.run(provider, conversation)
        if (call := current_call()) is not None:
            call.texts += [(choice.text or "").strip() for choice in answer.choices]
            call.model_completion_tokens = answer.completion_tokens
        return answer

    async def events(
        self, provider: Provider, conversation: Conversation, write: Callable[[Piece], bytes]
    ) -> AsyncGenerator[ChatEvent, None]:
        """The choices as they are written.

        Args:
            write: makes the JSON of a piece.

        Raises:
            TriremeError: see `ChatTask.stream`.

        """
        async with aclosing(self._task.stream(provider, conversation)) as pieces:
            async for piece in pieces:
                yield ChatEvent(write(piece), piece.text, piece.tokens)
