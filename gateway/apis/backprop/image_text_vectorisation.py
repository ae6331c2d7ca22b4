"""`POST /image-text-vectorisation`: sent by the published client, not in the published page."""

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from msgspec import Meta

from control_plane.catalog import Key
from gateway.apis.backprop.images import SAMPLE, ImageItem, encoded
from gateway.apis.backprop.schemas import DEFAULT_IMAGE_MODEL, MODEL_RULE, Text
from gateway.apis.backprop.tasks import answers, respond
from gateway.apis.backprop.uploaded import or_uploaded
from gateway.batch import Batch, BatchJSON
from gateway.openapi import request_body
from gateway.serving.engine import Engine
from model_repository.manifest import Task


class ImageTextVectorisationSingle(ImageItem, frozen=True, kw_only=True):
    """A single image with its text; fields that are not listed are ignored."""

    per_item: ClassVar[tuple[str, ...]] = ("image", "text")

    text: Annotated[Text, Meta(description="a string, not empty")]
    model: Annotated[str | None, Meta(description=f"{MODEL_RULE}, `{DEFAULT_IMAGE_MODEL}`")] = None


class ImageTextVectorisationSingleResponse(msgspec.Struct, frozen=True):
    """The vector of a single image with its text."""

    vector: list[float]


class ImageTextVectorisationBatchResponse(msgspec.Struct, frozen=True):
    """The vectors of a batch, in the order of the images."""

    vector: list[list[float]]


REQUEST = request_body(
    "One image with its text, or a batch",
    a_single_image={"image": SAMPLE, "text": "a red square", "model": "clip"},
    a_batch={"image": [SAMPLE, SAMPLE], "text": ["a red square", "nothing blue"], "model": "clip"},
)
ANSWERS = answers(
    ImageTextVectorisationSingleResponse | ImageTextVectorisationBatchResponse,
    "One vector, or one vector an image in the order of the images.",
    a_single_image={"vector": [0.92949192, 0.2312301]},
    a_batch={"vector": [[0.92949192, 0.2312301], [0.82939192, 0.5312701]]},
)


class ImageTextVectorisationController(Controller):
    """Images with their texts to vectors."""

    tags = ("tasks",)

    @post(
        "/image-text-vectorisation",
        status_code=200,
        dto=BatchJSON[ImageTextVectorisationSingle],
        return_dto=None,
        operation_id="image_text_vectorisation",
        summary="Vectorise images together with their texts",
        responses=ANSWERS,
    )
    @or_uploaded(Task.IMAGE_TEXT_EMBEDDING, "vector")
    async def vectorise(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[Batch[ImageTextVectorisationSingle], REQUEST],
        engine: NamedDependency[Engine],
    ) -> Response[bytes]:
        """Join the vectors of each image and its text, the image's first, and scale them to unit length."""
        result = await engine.embed_images_with_texts(
            request.auth,
            data.shared.model or DEFAULT_IMAGE_MODEL,
            encoded(data),
            [item.text for item in data.items],
        )
        return respond(vector=data.shaped(result.vectors))
