"""`/v1/responses`, in its common form: nothing is stored."""

from typing import Any

from litestar import Controller, Request, Response
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Stream

from control_plane.catalog import Key
from gateway.apis.opengatellm.inference.chats import Chats
from gateway.apis.opengatellm.inference.refusals import answering, respond
from gateway.apis.opengatellm.inference.response_events import response_events
from gateway.apis.opengatellm.inference.route import answering_route
from gateway.apis.opengatellm.schemas.response_objects import ResponseObject, message_item, whole_response
from gateway.apis.opengatellm.schemas.responses import ResponsesBody, in_words_of_responses
from gateway.granted import GrantedJSON
from gateway.sse import streamed
from gateway.validation import SchemaError

ANSWERS = answering(
    ResponseObject,
    "What the model says, and the calls that it asks for; with `stream` it comes in server-sent events.",
    a_message={
        "id": "resp_5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76",
        "object": "response",
        "created_at": 1750000000,
        "status": "completed",
        "model": "smollm2",
        "output": [message_item("msg_5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76", "Three.")],
        "usage": {"input_tokens": 9, "output_tokens": 2, "total_tokens": 11},
    },
)


class ResponsesController(Controller):
    """Conversations in the words of OpenAI's newer API."""

    path = "/responses"
    tags = ("inference",)

    @answering_route(
        name="responses",
        summary="Answer an input",
        body=GrantedJSON[ResponsesBody],
        responses=ANSWERS,
        streams=True,
    )
    async def respond(
        self,
        request: Request[Key, Key, Any],
        chats: NamedDependency[Chats],
        data: JSONBody[ResponsesBody],
    ) -> Response[bytes] | Stream:
        """Answer a question or a conversation, which is sent whole each time."""
        chat = data.chat()
        try:
            if data.stream:
                return await streamed(response_events(data, chats.stream(request.auth, chat)), end=b"")
            return respond(whole_response(data, await chats.answer(request.auth, chat)))
        except SchemaError as error:
            raise in_words_of_responses(error) from None
