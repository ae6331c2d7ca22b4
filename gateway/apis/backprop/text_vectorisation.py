"""`POST /text-vectorisation`."""

from typing import Annotated, Any

import orjson
from litestar import Controller, MediaType, Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body

from control_plane.catalog import Key, ModelNotFoundError, ModelNotReadyError, TaskNotSupportedError
from gateway.apis.backprop.errors import ErrorBody
from gateway.apis.backprop.schemas import (
    DEFAULT_EMBEDDING_MODEL,
    TextVectorisationBatchResponse,
    TextVectorisationBody,
    TextVectorisationSingleResponse,
)
from gateway.auth import ForbiddenError, StartingError
from gateway.body import BadRequestError, BodyTooLargeError, StrictJSON
from gateway.errors import documented
from gateway.observability.timing import stage
from gateway.serving.engine import Engine
from gateway.serving.errors import OverloadedError, TokenizerUnavailableError
from model_repository.errors import InferenceError, ServerUnavailableError

ANSWER = ResponseSpec(
    TextVectorisationSingleResponse | TextVectorisationBatchResponse,  # type: ignore[arg-type]  # any type works
    description="One vector, or one vector a text in the order of the texts.",
    generate_examples=False,
    examples=[
        Example(summary="a single text", value={"vector": [0.92949192, 0.2312301]}),
        Example(summary="a batch", value={"vector": [[0.92949192, 0.2312301], [0.82939192, 0.5312701]]}),
    ],
)
REQUEST = Body(
    title="One text or a batch",
    examples=[
        Example(summary="a single text", value={"text": "iPhone 12 128GB", "model": "english"}),
        Example(summary="a batch", value={"text": ["iPhone 12 128GB", "Samsung Galaxy S21"]}),
    ],
)


class TextVectorisationController(Controller):
    """Texts to vectors."""

    tags = ("tasks",)

    @post(
        "/text-vectorisation",
        status_code=200,
        dto=StrictJSON[TextVectorisationBody],
        return_dto=None,
        operation_id="text_vectorisation",
        summary="Vectorise a text or a list of texts",
        responses={
            200: ANSWER,
            **documented(
                ErrorBody,
                BadRequestError,
                ForbiddenError,
                ModelNotFoundError,
                TaskNotSupportedError,
                ModelNotReadyError,
                BodyTooLargeError,
                InferenceError,
                ServerUnavailableError,
                OverloadedError,
                TokenizerUnavailableError,
                StartingError,
            ),
        },
    )
    async def vectorise(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[TextVectorisationBody, REQUEST],
        engine: NamedDependency[Engine],
    ) -> Response[bytes]:
        """Turn each text into a vector of fixed length, to be compared by cosine similarity.

        A text that is longer than the model takes is cut, not refused. The same text and model give the same
        vector, alone or in a batch, up to float rounding.
        """
        single = isinstance(data.text, str)
        texts = [data.text] if isinstance(data.text, str) else data.text
        result = await engine.embed(request.auth, data.model or DEFAULT_EMBEDDING_MODEL, texts)
        with stage("encode"):
            vector = result.vectors[0] if single else result.vectors
            body = orjson.dumps({"vector": vector}, option=orjson.OPT_SERIALIZE_NUMPY)
        return Response(body, media_type=MediaType.JSON)
