"""Chats of models on Triton and of others' APIs: one answer in OpenAI's form, whole or as chunks."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, TypeVar

from control_plane.catalog import Key, Provider
from gateway.apis.opengatellm.schemas.chat import ChatBody
from gateway.apis.opengatellm.schemas.completions import ChunkWriter, completion
from gateway.apis.opengatellm.schemas.conversation import ConversationBody
from gateway.serving.chat.messages import Conversation
from gateway.serving.inference.chats import ChatEvent, ModelChat
from gateway.serving.inference.inference import Answered, Inference, Job
from gateway.serving.inference.upstream_chat import UpstreamChat
from gateway.serving.providers.adapter import Operation
from gateway.validation import validated

W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Chats:
    """Answers chats, whoever's model it is."""

    inference: Inference
    model_chat: ModelChat
    upstream_chat: UpstreamChat

    async def answer(self, caller: Key, chat: ChatBody) -> Answered[dict[str, Any]]:
        """The completion.

        Raises:
            SchemaError: a model on Triton cannot heed what is asked.
            TriremeError: see `Inference.run`.

        """
        body = chat.forwarded()

        async def here(provider: Provider) -> dict[str, Any]:
            return completion(await self.model_chat.answer(provider, _conversation(body)), chat.model)

        job = _job(chat, here, lambda provider: self.upstream_chat.answer(provider, body))
        return await self.inference.run(caller, job)

    def stream(self, caller: Key, chat: ChatBody) -> AsyncGenerator[ChatEvent | Answered[None], None]:
        """The chunks of the completion, and at last what they took.

        Raises:
            TriremeError: as `answer`.

        """
        body = chat.forwarded()

        def here(provider: Provider) -> AsyncGenerator[ChatEvent, None]:
            return self.model_chat.events(provider, _conversation(body), ChunkWriter(chat.model).write)

        job = _job(chat, here, lambda provider: self.upstream_chat.events(provider, body))
        return self.inference.stream(caller, job)


def _job(chat: ChatBody, here: W, elsewhere: W) -> Job[W]:
    return Job(
        operation=Operation.CHAT,
        model=chat.model,
        texts=chat.texts(),
        here=here,
        elsewhere=elsewhere,
        most=chat.longest,
    )


def _conversation(body: dict[str, Any]) -> Conversation:
    """The chat as models on Triton take it; others' APIs are not held to that."""
    return validated(ConversationBody, body, "body").conversation()
