"""`/v1/completions`."""

from collections.abc import AsyncGenerator
from typing import Any, TypeVar

from litestar import Controller, Request, Response
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Stream

from control_plane.catalog import Key, Provider
from gateway.apis.opengatellm.inference.chunks import relayed
from gateway.apis.opengatellm.inference.refusals import USAGE, answering, respond
from gateway.apis.opengatellm.inference.route import answering_route
from gateway.apis.opengatellm.schemas.answers import completed
from gateway.apis.opengatellm.schemas.text_completions import (
    CompletionsBody,
    CompletionWriter,
    ModelCompletion,
    TextCompletion,
)
from gateway.granted import GrantedJSON
from gateway.serving.inference.chats import ChatEvent
from gateway.serving.inference.completions import Completions
from gateway.serving.inference.inference import Inference, Job
from gateway.serving.providers.adapter import Operation
from gateway.serving.tasks.generation import Choose
from gateway.sse import streamed
from gateway.validation import validated
from model_repository.errors import RefusedInputError

W = TypeVar("W")

ANSWERS = answering(
    TextCompletion,
    "What follows the texts; with `stream` it comes in server-sent events.",
    RefusedInputError,
    one_text={
        "id": "cmpl-5d41402abc4b2a76b9719d911017c592",
        "object": "text_completion",
        "created": 1750000000,
        "model": "smollm2",
        "choices": [{"index": 0, "text": " a ship with oars", "logprobs": None, "finish_reason": "length"}],
        "usage": USAGE,
    },
)


class CompletionsController(Controller):
    """Texts that are continued as they stand."""

    path = "/completions"
    tags = ("inference",)

    @answering_route(
        name="completions",
        summary="Continue texts",
        body=GrantedJSON[CompletionsBody],
        responses=ANSWERS,
        streams=True,
    )
    async def complete(
        self,
        request: Request[Key, Key, Any],
        inference: NamedDependency[Inference],
        completions: NamedDependency[Completions],
        data: JSONBody[CompletionsBody],
    ) -> Response[bytes] | Stream:
        """Continue texts, without the template that makes a conversation of them."""
        body = data.model_dump(exclude_unset=True)
        texts = data.texts()

        def asked() -> tuple[CompletionWriter, Choose]:
            wanted = validated(ModelCompletion, body, "body")
            return CompletionWriter(data.model, texts if wanted.echo else ()), wanted.parameters

        async def here(provider: Provider) -> dict[str, Any]:
            writer, choose = asked()
            return writer.whole(await completions.answer_here(provider, texts, choose))

        def stream_here(provider: Provider) -> AsyncGenerator[ChatEvent, None]:
            writer, choose = asked()
            if len(texts) != 1:
                raise RefusedInputError("models on Triton stream the continuation of one text at a time")
            return completions.stream_here(provider, texts[0], choose, writer.chunk)

        if data.stream:
            flow = _job(data, stream_here, lambda provider: completions.stream_elsewhere(provider, body))
            return await streamed(relayed(inference.stream(request.auth, flow)))
        job = _job(data, here, lambda provider: completions.answer_elsewhere(provider, body))
        return respond(completed(await inference.run(request.auth, job), data.model))


def _job(data: CompletionsBody, here: W, elsewhere: W) -> Job[W]:
    return Job(
        operation=Operation.COMPLETION,
        model=data.model,
        texts=data.texts(),
        tokens=data.tokens(),
        here=here,
        elsewhere=elsewhere,
        most=data.longest,
    )
