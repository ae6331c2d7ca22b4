"""`/v1/chat/completions`."""

from typing import Any

from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.catalog import Key
from gateway.apis.opengatellm.inference.refusals import answering, respond
from gateway.apis.opengatellm.schemas.answers import completed
from gateway.apis.opengatellm.schemas.chat import ChatBody, ChatCompletion
from gateway.granted import GrantedJSON
from gateway.parameters import documented_by
from gateway.serving.errors import WrongModelTypeError
from gateway.serving.inference.inference import Inference, Job
from gateway.serving.inference.upstream_chat import UpstreamChat
from gateway.serving.providers.adapter import Operation

ANSWERS = answering(ChatCompletion, "The next message of the conversation.")


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
        upstream_chat: NamedDependency[UpstreamChat],
        data: JSONBody[ChatBody],
    ) -> Response[bytes]:
        """Answer a conversation with its next message."""
        body = data.model_dump()

        async def here(_provider: object) -> dict[str, Any]:
            raise WrongModelTypeError("Wrong model type.")

        job = Job(
            operation=Operation.CHAT,
            model=data.model,
            texts=data.texts(),
            here=here,
            elsewhere=lambda provider: upstream_chat.answer(provider, body),
            most=data.longest,
        )
        answered = await inference.run(request.auth, job)
        return respond(completed(answered, data.model))
