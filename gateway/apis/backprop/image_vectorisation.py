"""`POST /image-vectorisation`."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from msgspec import Meta

from control_plane.catalog import Key
from gateway.apis.backprop.images import SAMPLE, ImageItem, encoded
from gateway.apis.backprop.schemas import DEFAULT_IMAGE_MODEL, MODEL_RULE
from gateway.apis.backprop.tasks import answers, respond
from gateway.apis.backprop.uploaded import or_uploaded
from gateway.batch import Batch, BatchJSON
from gateway.openapi import request_body
from gateway.serving.engine import Engine
from model_repository.manifest import Task


class ImageVectorisationSingle(ImageItem, frozen=True, kw_only=True):
    """A single image; fields that are not listed are ignored."""

    model: Annotated[str | None, Meta(description=f"{MODEL_RULE}, `{DEFAULT_IMAGE_MODEL}`")] = None


class ImageVectorisationSingleResponse(msgspec.Struct, frozen=True):
    """The vector of a single image."""

    vector: list[float]


class ImageVectorisationBatchResponse(msgspec.Struct, frozen=True):
    """The vectors of a batch, in the order of the images."""

    vector: list[list[float]]


REQUEST = request_body(
    "One image or a batch",
    a_single_image={"image": SAMPLE, "model": "clip"},
    a_batch={"image": [SAMPLE, f"data:image/png;base64,{SAMPLE}"], "model": "clip"},
)
ANSWERS = answers(
    ImageVectorisationSingleResponse | ImageVectorisationBatchResponse,
    "One vector, or one vector an image in the order of the images.",
    a_single_image={"vector": [0.92949192, 0.2312301]},
    a_batch={"vector": [[0.92949192, 0.2312301], [0.82939192, 0.5312701]]},
)


class ImageVectorisationController(Controller):
    """Images to vectors."""

    tags = ("tasks",)

    @post(
        "/image-vectorisation",
        status_code=200,
        dto=BatchJSON[ImageVectorisationSingle],
        return_dto=None,
        operation_id="image_vectorisation",
        summary="Vectorise an image or a list of images",
        responses=ANSWERS,
    )
    @or_uploaded(Task.IMAGE_EMBEDDING, "vector")
    async def vectorise(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[Batch[ImageVectorisationSingle], REQUEST],
        engine: NamedDependency[Engine],
    ) -> Response[bytes]:
        """Turn each image into a vector of fixed length, to be compared by cosine similarity.

        The vectors share their space with those of the same model's texts. Any format that Pillow opens will
        do; an image is turned upright by its EXIF orientation and converted to RGB.
        """
        result = await engine.embed_images(
            request.auth, data.shared.model or DEFAULT_IMAGE_MODEL, encoded(data)
        )
        return respond(vector=data.shaped(result.vectors))
