"""`/v1/chat/completions`."""

from typing import Any, TypeVar

from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Stream

from control_plane.catalog import Key, Provider
from gateway.apis.opengatellm.inference.chunks import relayed
from gateway.apis.opengatellm.inference.refusals import answering, respond
from gateway.apis.opengatellm.schemas.answers import completed
from gateway.apis.opengatellm.schemas.chat import ChatBody, ChatCompletion
from gateway.apis.opengatellm.schemas.completions import ChunkWriter, completion
from gateway.apis.opengatellm.schemas.conversation import ConversationBody
from gateway.apis.opengatellm.schemas.search import SearchArgs
from gateway.granted import GrantedJSON
from gateway.parameters import documented_by
from gateway.serving.chat.messages import Conversation
from gateway.serving.errors import CollectionNotFoundError, SearchDisabledError
from gateway.serving.inference.chats import ModelChat
from gateway.serving.inference.inference import Inference, Job
from gateway.serving.inference.upstream_chat import UpstreamChat
from gateway.serving.providers.adapter import Operation
from gateway.sse import streamed
from gateway.validation import validated

W = TypeVar("W")

ANSWERS = answering(
    ChatCompletion,
    "The next message of the conversation; with `stream` it comes in server-sent events.",
    CollectionNotFoundError,
    SearchDisabledError,
)


class ChatController(Controller):
    """Conversations."""

    path = "/chat"
    tags = ("inference",)

    @post(
        "/completions",
        status_code=200,
        operation_id="chat_completions",
        summary="Continue a conversation",
        dto=GrantedJSON[ChatBody],
        return_dto=None,
        operation_class=documented_by(),
        responses=ANSWERS,
    )
    async def complete(
        self,
        request: Request[Key, Key, Any],
        inference: NamedDependency[Inference],
        model_chat: NamedDependency[ModelChat],
        upstream_chat: NamedDependency[UpstreamChat],
        data: JSONBody[ChatBody],
    ) -> Response[bytes] | Stream:
        """Answer a conversation with its next message.

        A stream ends with a chunk that has no choices and tells the usage.
        """
        _check_search(data.search_tool())
        body = data.forwarded()
        if data.stream:
            flow = _job(
                data,
                lambda provider: model_chat.events(
                    provider, _conversation(body), ChunkWriter(data.model).write
                ),
                lambda provider: upstream_chat.events(provider, body),
            )
            return await streamed(relayed(inference.stream(request.auth, flow)))

        async def here(provider: Provider) -> dict[str, Any]:
            return completion(await model_chat.answer(provider, _conversation(body)), data.model)

        job = _job(data, here, lambda provider: upstream_chat.answer(provider, body))
        return respond(completed(await inference.run(request.auth, job), data.model))


def _job(data: ChatBody, here: W, elsewhere: W) -> Job[W]:
    return Job(
        operation=Operation.CHAT,
        model=data.model,
        texts=data.texts(),
        here=here,
        elsewhere=elsewhere,
        most=data.longest,
    )


def _conversation(body: dict[str, Any]) -> Conversation:
    """The chat as models on Triton take it; remote ones are not held to that."""
    return validated(ConversationBody, body, "body").conversation()


def _check_search(search: SearchArgs | None) -> None:
    """Refuse to search: there are no collections."""
    if search is None:
        return
    for collection in search.collection_ids:
        raise CollectionNotFoundError(f"Collection {collection} not found.")
    raise SearchDisabledError("Search build-in tool is not enabled, please contact an administrator.")
