"""`POST /summarisation`."""

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from msgspec import Meta

from control_plane.catalog import Key
from gateway.apis.backprop.schemas import DEFAULT_MODEL, MODEL_RULE, Text
from gateway.apis.backprop.tasks import answers, respond
from gateway.apis.backprop.uploaded import or_uploaded
from gateway.batch import Batch, BatchJSON, Item
from gateway.openapi import request_body
from gateway.serving.engine import Engine
from model_repository.manifest import Task


class SummarisationSingle(Item, frozen=True, kw_only=True):
    """A single text; fields that are not listed are ignored."""

    max_items: ClassVar[int] = 128

    text: Annotated[Text, Meta(description="a string, not empty")]
    model: Annotated[str | None, Meta(description=f"{MODEL_RULE}, `{DEFAULT_MODEL}`")] = None


class SummarisationSingleResponse(msgspec.Struct, frozen=True):
    """The summary of a single text, twice: published clients read `summary`."""

    output: str
    summary: str


class SummarisationBatchResponse(msgspec.Struct, frozen=True):
    """The summaries of a batch, in its order, twice: published clients read `summary`."""

    output: list[str]
    summary: list[str]


REQUEST = request_body(
    "One text or a batch",
    a_single_text={"text": "This is a long document that contains plenty of words", "model": "english"},
    a_batch={"text": ["This is a long document that contains plenty of words", "Another one"]},
)
ANSWERS = answers(
    SummarisationSingleResponse | SummarisationBatchResponse,
    "The summary; one a text.",
    a_single_text={"output": "short summary of document", "summary": "short summary of document"},
    a_batch={"output": ["short summary", "another"], "summary": ["short summary", "another"]},
)


class SummarisationController(Controller):
    """Texts to summaries."""

    tags = ("tasks",)

    @post(
        "/summarisation",
        status_code=200,
        dto=BatchJSON[SummarisationSingle],
        return_dto=None,
        operation_id="summarisation",
        summary="Summarise a text or a list of texts",
        responses=ANSWERS,
    )
    @or_uploaded(Task.SUMMARISATION, "output", "summary")
    async def summarise(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[Batch[SummarisationSingle], REQUEST],
        engine: NamedDependency[Engine],
    ) -> Response[bytes]:
        """Sum up in up to 96 tokens.

        A text that is longer than the model takes is cut; under 500 words is best.
        """
        texts = [item.text for item in data.items]
        result = await engine.summarise(request.auth, data.shared.model or DEFAULT_MODEL, texts)
        shaped = data.shaped(result)
        return respond(output=shaped, summary=shaped)
