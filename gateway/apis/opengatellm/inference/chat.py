"""`/v1/chat/completions`."""

from typing import Any

from litestar import Controller, Request, Response
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Stream

from control_plane.catalog import Key
from gateway.apis.opengatellm.inference.chats import Chats
from gateway.apis.opengatellm.inference.chunks import relayed
from gateway.apis.opengatellm.inference.refusals import USAGE, answering, respond
from gateway.apis.opengatellm.inference.route import answering_route
from gateway.apis.opengatellm.schemas.answers import completed
from gateway.apis.opengatellm.schemas.chat import ChatBody, ChatCompletion
from gateway.apis.opengatellm.schemas.search import SearchArgs
from gateway.granted import GrantedJSON
from gateway.serving.errors import CollectionNotFoundError, SearchDisabledError
from gateway.sse import streamed

ANSWERS = answering(
    ChatCompletion,
    "The next message of the conversation; with `stream` it comes in server-sent events.",
    CollectionNotFoundError,
    SearchDisabledError,
    a_message={
        "id": "chatcmpl-5d41402abc4b2a76b9719d911017c592",
        "object": "chat.completion",
        "created": 1750000000,
        "model": "smollm2",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Three."},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": USAGE,
    },
)


class ChatController(Controller):
    """Conversations."""

    path = "/chat"
    tags = ("inference",)

    @answering_route(
        "/completions",
        name="chat_completions",
        summary="Continue a conversation",
        body=GrantedJSON[ChatBody],
        responses=ANSWERS,
        streams=True,
    )
    async def complete(
        self,
        request: Request[Key, Key, Any],
        chats: NamedDependency[Chats],
        data: JSONBody[ChatBody],
    ) -> Response[bytes] | Stream:
        """Answer a conversation with its next message.

        A stream ends with a chunk that has no choices and tells the usage.
        """
        _check_search(data.search_tool())
        if data.stream:
            return await streamed(relayed(chats.stream(request.auth, data)))
        return respond(completed(await chats.answer(request.auth, data), data.model))


def _check_search(search: SearchArgs | None) -> None:
    """Refuse to search: there are no collections."""
    if search is None:
        return
    for collection in search.collection_ids:
        raise CollectionNotFoundError(f"Collection {collection} not found.")
    raise SearchDisabledError("Search build-in tool is not enabled, please contact an administrator.")
