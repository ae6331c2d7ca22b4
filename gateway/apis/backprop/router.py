"""The routes of the Backprop API, behind its key and with its error bodies."""

from litestar import Router

from gateway.apis.backprop.custom import CustomController
from gateway.apis.backprop.emotion import EmotionController
from gateway.apis.backprop.errors import render
from gateway.apis.backprop.files import FilesController
from gateway.apis.backprop.image_classification import ImageClassificationController
from gateway.apis.backprop.image_text_vectorisation import ImageTextVectorisationController
from gateway.apis.backprop.image_vectorisation import ImageVectorisationController
from gateway.apis.backprop.models import ModelsController
from gateway.apis.backprop.qa import QAController
from gateway.apis.backprop.summarisation import SummarisationController
from gateway.apis.backprop.text_classification import TextClassificationController
from gateway.apis.backprop.text_generation import TextGenerationController
from gateway.apis.backprop.text_vectorisation import TextVectorisationController
from gateway.apis.backprop.uploads import UploadController, UploadUrlController
from gateway.auth import key_layer
from gateway.batch import BatchJSON
from gateway.dependencies import provided
from gateway.direct import direct_layer
from gateway.errors import handlers
from gateway.openapi import API_KEY
from gateway.serving.snapshots import Snapshots
from gateway.uploads import UploadReceiver


def create_router(snapshots: Snapshots) -> Router:
    """Mount the API at the root, as its reference does."""
    return Router(
        path="/",
        route_handlers=[
            TextVectorisationController,
            TextClassificationController,
            ImageClassificationController,
            ImageVectorisationController,
            ImageTextVectorisationController,
            TextGenerationController,
            QAController,
            SummarisationController,
            EmotionController,
            CustomController,
            ModelsController,
            UploadUrlController,
            FilesController,
        ],
        middleware=[key_layer(snapshots), direct_layer(BatchJSON)],
        exception_handlers=handlers(render),
        security=[{API_KEY: []}],
        opt={"api": "backprop"},
    )


def create_upload_router(receiver: UploadReceiver) -> Router:
    """The addresses that uploads go to; no key, because each address is a permission by itself."""
    return Router(
        path="/",
        route_handlers=[UploadController],
        dependencies=provided({"receiver": receiver}),
        exception_handlers=handlers(render),
    )
