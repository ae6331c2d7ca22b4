"""`POST /image-classification`."""

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from msgspec import Meta

from control_plane.catalog import Key
from gateway.apis.backprop.images import SAMPLE, ImageItem, encoded
from gateway.apis.backprop.schemas import (
    DEFAULT_MODEL,
    LABELS_RULE,
    MODEL_RULE,
    TOP_K_RULE,
    Labels,
    WholeNumber,
)
from gateway.apis.backprop.tasks import answers, respond
from gateway.apis.backprop.uploaded import or_uploaded
from gateway.batch import Batch, BatchJSON
from gateway.openapi import request_body
from gateway.serving.engine import Engine
from model_repository.manifest import Task


class ImageClassificationSingle(ImageItem, frozen=True, kw_only=True):
    """A single image; fields that are not listed are ignored."""

    per_item: ClassVar[tuple[str, ...]] = ("image", "labels")

    labels: Annotated[Labels | None, Meta(description=LABELS_RULE)] = None
    top_k: Annotated[WholeNumber | None, Meta(description=TOP_K_RULE)] = None
    model: Annotated[str | None, Meta(description=f"{MODEL_RULE}, `{DEFAULT_MODEL}`")] = None


class ImageClassificationSingleResponse(msgspec.Struct, frozen=True):
    """The labels of a single image with their probabilities, the most probable first."""

    probabilities: dict[str, float]


class ImageClassificationBatchResponse(msgspec.Struct, frozen=True):
    """The labels of a batch with their probabilities, in the order of the images."""

    probabilities: list[dict[str, float]]


REQUEST = request_body(
    "One image or a batch",
    a_single_image={"image": SAMPLE, "labels": ["healthy brain", "brain with tumor"], "model": "english"},
    a_batch={"image": [SAMPLE, SAMPLE], "labels": [["cat", "dog"], ["a red square", "a blue square"]]},
)
ANSWERS = answers(
    ImageClassificationSingleResponse | ImageClassificationBatchResponse,
    "The probability of each label, 0 to 1, the most probable label first; one object an image.",
    a_single_image={"probabilities": {"brain with tumor": 0.98, "healthy brain": 0.02}},
    a_batch={"probabilities": [{"dog": 0.6, "cat": 0.4}, {"a red square": 0.9, "a blue square": 0.1}]},
)


class ImageClassificationController(Controller):
    """Images to labels."""

    tags = ("tasks",)

    @post(
        "/image-classification",
        status_code=200,
        dto=BatchJSON[ImageClassificationSingle],
        return_dto=None,
        operation_id="image_classification",
        summary="Classify an image or a list of images",
        responses=ANSWERS,
    )
    @or_uploaded(Task.IMAGE_CLASSIFICATION, "probabilities")
    async def classify(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[Batch[ImageClassificationSingle], REQUEST],
        engine: NamedDependency[Engine],
    ) -> Response[bytes]:
        """Judge which of the labels fits an image; the probabilities sum to 1.

        The built-in model takes any labels. Models trained on labels of their own answer with those, and pass
        over `labels`.
        """
        result = await engine.classify_images(
            request.auth,
            data.shared.model or DEFAULT_MODEL,
            encoded(data),
            [item.labels for item in data.items],
            top_k=int(data.shared.top_k or 0),
        )
        return respond(probabilities=data.shaped(result))
