"""`POST /emotion`."""

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


class EmotionSingle(Item, frozen=True, kw_only=True):
    """A single text; fields that are not listed are ignored."""

    max_items: ClassVar[int] = 128

    text: Annotated[Text, Meta(description="a string, not empty")]
    model: Annotated[str | None, Meta(description=f"{MODEL_RULE}, `{DEFAULT_MODEL}`")] = None


class EmotionSingleResponse(msgspec.Struct, frozen=True):
    """The emotions of a single text, twice: published clients read `emotion`."""

    output: str
    emotion: str


class EmotionBatchResponse(msgspec.Struct, frozen=True):
    """The emotions of a batch, in its order, twice: published clients read `emotion`."""

    output: list[str]
    emotion: list[str]


REQUEST = request_body(
    "One text or a batch",
    a_single_text={"text": "I hope this works!", "model": "english"},
    a_batch={"text": ["I hope this works!", "It did not."]},
)
ANSWERS = answers(
    EmotionSingleResponse | EmotionBatchResponse,
    "Names of emotions, separated by a comma and a space; one string a text.",
    a_single_text={"output": "optimism", "emotion": "optimism"},
    a_batch={
        "output": ["optimism", "disappointment, sadness"],
        "emotion": ["optimism", "disappointment, sadness"],
    },
)


class EmotionController(Controller):
    """Texts to emotions."""

    tags = ("tasks",)

    @post(
        "/emotion",
        status_code=200,
        dto=BatchJSON[EmotionSingle],
        return_dto=None,
        operation_id="emotion",
        summary="Tell the emotions of a text or a list of texts",
        responses=ANSWERS,
    )
    @or_uploaded(Task.EMOTION, "output", "emotion")
    async def tell(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[Batch[EmotionSingle], REQUEST],
        engine: NamedDependency[Engine],
    ) -> Response[bytes]:
        """Name the emotions of a text, out of 28; `neutral` where it has none.

        A few sentences at most work best. A text that is longer than the model takes is cut.
        """
        texts = [item.text for item in data.items]
        result = await engine.emotions(request.auth, data.shared.model or DEFAULT_MODEL, texts)
        shaped = data.shaped([", ".join(names) for names in result])
        return respond(output=shaped, emotion=shaped)
