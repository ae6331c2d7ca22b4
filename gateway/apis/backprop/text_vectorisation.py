"""`POST /text-vectorisation`."""

from typing import Annotated, Any

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


class TextVectorisationSingle(Item, frozen=True, kw_only=True):
    """A single text; fields that are not listed are ignored."""

    text: Annotated[Text, Meta(description="a string, not empty")]
    model: Annotated[str | None, Meta(description=f"{MODEL_RULE}, `{DEFAULT_MODEL}`")] = None


class TextVectorisationSingleResponse(msgspec.Struct, frozen=True):
    """The vector of a single text."""

    vector: list[float]


class TextVectorisationBatchResponse(msgspec.Struct, frozen=True):
    """The vectors of a batch, in the order of the texts."""

    vector: list[list[float]]


REQUEST = request_body(
    "One text or a batch",
    a_single_text={"text": "iPhone 12 128GB", "model": "english"},
    a_batch={"text": ["iPhone 12 128GB", "Samsung Galaxy S21"], "model": "english"},
)
ANSWERS = answers(
    TextVectorisationSingleResponse | TextVectorisationBatchResponse,
    "One vector, or one vector a text in the order of the texts.",
    a_single_text={"vector": [0.92949192, 0.2312301]},
    a_batch={"vector": [[0.92949192, 0.2312301], [0.82939192, 0.5312701]]},
)


class TextVectorisationController(Controller):
    """Texts to vectors."""

    tags = ("tasks",)

    @post(
        "/text-vectorisation",
        status_code=200,
        dto=BatchJSON[TextVectorisationSingle],
        return_dto=None,
        operation_id="text_vectorisation",
        summary="Vectorise a text or a list of texts",
        responses=ANSWERS,
    )
    @or_uploaded(Task.EMBEDDING, "vector")
    async def vectorise(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[Batch[TextVectorisationSingle], REQUEST],
        engine: NamedDependency[Engine],
    ) -> Response[bytes]:
        """Turn each text into a vector of fixed length, to be compared by cosine similarity.

        A text that is longer than the model takes is cut, not refused. The same text and model give the same
        vector, alone or in a batch, up to float rounding.
        """
        texts = [item.text for item in data.items]
        result = await engine.embed(request.auth, data.shared.model or DEFAULT_MODEL, texts)
        return respond(vector=data.shaped(result.vectors))
