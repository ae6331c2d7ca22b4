"""`POST /text-classification`."""

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from msgspec import Meta

from control_plane.catalog import Key
from gateway.apis.backprop.schemas import (
    DEFAULT_MODEL,
    LABELS_RULE,
    MODEL_RULE,
    TOP_K_RULE,
    Labels,
    Text,
    WholeNumber,
)
from gateway.apis.backprop.tasks import answers, respond
from gateway.apis.backprop.uploaded import or_uploaded
from gateway.batch import Batch, BatchJSON, Item
from gateway.openapi import request_body
from gateway.serving.engine import Engine
from model_repository.manifest import Task


class TextClassificationSingle(Item, frozen=True, kw_only=True):
    """A single text; fields that are not listed are ignored."""

    per_item: ClassVar[tuple[str, ...]] = ("text", "labels")

    text: Annotated[Text, Meta(description="a string, not empty")]
    labels: Annotated[Labels | None, Meta(description=LABELS_RULE)] = None
    top_k: Annotated[WholeNumber | None, Meta(description=TOP_K_RULE)] = None
    model: Annotated[str | None, Meta(description=f"{MODEL_RULE}, `{DEFAULT_MODEL}`")] = None


class TextClassificationSingleResponse(msgspec.Struct, frozen=True):
    """The labels of a single text with their probabilities, the most probable first."""

    probabilities: dict[str, float]


class TextClassificationBatchResponse(msgspec.Struct, frozen=True):
    """The labels of a batch with their probabilities, in the order of the texts."""

    probabilities: list[dict[str, float]]


REQUEST = request_body(
    "One text or a batch",
    a_single_text={
        "text": "I am really mad because my product broke.",
        "labels": ["product issue", "furniture", "space"],
        "model": "english",
    },
    a_batch={
        "text": [
            "I am really mad because my product broke.",
            "I would like to collaborate with you on social media",
        ],
        "labels": [["product issue", "furniture", "space"], ["product issue", "furniture", "sales"]],
        "model": "english",
    },
)
ANSWERS = answers(
    TextClassificationSingleResponse | TextClassificationBatchResponse,
    "The probability of each label, 0 to 1, the most probable label first; one object a text.",
    a_single_text={"probabilities": {"product issue": 0.98, "furniture": 0.1, "space": 0.05}},
    a_batch={
        "probabilities": [
            {"product issue": 0.98, "furniture": 0.1, "space": 0.05},
            {"sales": 0.87, "product issue": 0.2, "furniture": 0.03},
        ]
    },
)


class TextClassificationController(Controller):
    """Texts to labels."""

    tags = ("tasks",)

    @post(
        "/text-classification",
        status_code=200,
        dto=BatchJSON[TextClassificationSingle],
        return_dto=None,
        operation_id="text_classification",
        summary="Classify a text or a list of texts",
        responses=ANSWERS,
    )
    @or_uploaded(Task.TEXT_CLASSIFICATION, "probabilities")
    async def classify(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[Batch[TextClassificationSingle], REQUEST],
        engine: NamedDependency[Engine],
    ) -> Response[bytes]:
        """Judge how well each label fits a text.

        The built-in models take any labels and judge each by itself, so the probabilities need not sum to 1.
        Models trained on labels of their own answer with those and pass over `labels`. A text that is longer
        than the model takes is cut, not refused.
        """
        result = await engine.classify_texts(
            request.auth,
            data.shared.model or DEFAULT_MODEL,
            [item.text for item in data.items],
            [item.labels for item in data.items],
            top_k=int(data.shared.top_k or 0),
        )
        return respond(probabilities=data.shaped(result))
