"""`/v2/models/{model}`: what a model is, and what it answers to tensors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from google.protobuf.json_format import MessageToDict
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.types import OperationIDCreator
from litestar.types.internal_types import PathParameterDefinition

from control_plane.catalog import Key
from control_plane.errors import InsufficientBudgetError
from gateway.answers import JSONAnswer
from gateway.apis.kserve.body import JSON_BYTES, InferBody
from gateway.apis.kserve.errors import responses
from gateway.apis.kserve.schemas import ModelConfig, ModelMetadata, ModelReady
from gateway.apis.kserve.slashes import shown
from gateway.body import BodyTooLargeError
from gateway.compression import UnknownEncodingError
from gateway.serving.errors import OverloadedError, TokenizerUnavailableError
from gateway.serving.kserve.inference import TensorInference
from gateway.serving.kserve.messages import InferResponse
from gateway.serving.kserve.reading import Message
from gateway.serving.metering.errors import LimitsUnavailableError, RateLimitedError
from model_repository.config import model_config
from model_repository.errors import InferenceError, ServerUnavailableError

ANSWERS = {
    200: ResponseSpec(InferResponse, description="The outputs.", generate_examples=False),
    **responses(
        InsufficientBudgetError,
        BodyTooLargeError,
        UnknownEncodingError,
        RateLimitedError,
        InferenceError,
        ServerUnavailableError,
        OverloadedError,
        TokenizerUnavailableError,
        LimitsUnavailableError,
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the path names.

    Attributes:
        version: None for whichever serves.

    """

    model: str
    version: str | None

    @classmethod
    def of(cls, request: Request[Any, Any, Any]) -> Self:
        """As the path has it."""
        return cls(shown(request.path_params["model"]), request.path_params.get("version"))


def paths(end: str = "") -> list[str]:
    """Of whichever version serves, and of a given one."""
    return [f"/{{model:str}}{end}", f"/{{model:str}}/versions/{{version:str}}{end}"]


def called(name: str) -> OperationIDCreator:
    """Names of an operation, by its paths."""

    def of_path(_: object, __: object, components: Sequence[str | PathParameterDefinition]) -> str:
        versioned = any(not isinstance(each, str) and each.name == "version" for each in components)
        return f"{name}_version" if versioned else name

    return of_path


class ModelController(Controller):
    """Models by their public names; those of several graphs by `model.part`."""

    path = "/models"
    tags = ("kserve",)

    @get(
        paths(),
        operation_id=called("kserve_model"),
        summary="Tensors and versions of a model",
        responses=responses(),
    )
    async def metadata(
        self,
        request: Request[Key, Key, Any],
        tensor_inference: NamedDependency[TensorInference],
    ) -> ModelMetadata:
        """Tell which tensors a model takes and gives, and which versions of it answer."""
        asked = Asked.of(request)
        return ModelMetadata.of(asked.model, tensor_inference.find(request.auth, asked.model, asked.version))

    @get(
        paths("/config"),
        operation_id=called("kserve_model_config"),
        summary="Triton's configuration of a model",
        responses=responses(),
    )
    async def config(
        self,
        request: Request[Key, Key, Any],
        tensor_inference: NamedDependency[TensorInference],
    ) -> ModelConfig:
        """Tell how Triton runs a model: its engine, its tensors without the axis of rows, how many rows."""
        asked = Asked.of(request)
        target = tensor_inference.find(request.auth, asked.model, asked.version)
        described = MessageToDict(model_config(target.graph), preserving_proto_field_name=True)
        return {"max_batch_size": 0, **described, "name": asked.model}

    @get(
        paths("/ready"),
        operation_id=called("kserve_model_ready"),
        summary="Whether a model answers",
        responses=responses(ServerUnavailableError),
    )
    async def ready(
        self,
        request: Request[Key, Key, Any],
        tensor_inference: NamedDependency[TensorInference],
    ) -> ModelReady:
        """Say whether a server can run the model now, 503 when none can."""
        asked = Asked.of(request)
        if not await tensor_inference.ready(request.auth, asked.model, asked.version):
            raise ServerUnavailableError(f"model {asked.model} is not loaded")
        return ModelReady(asked.model)

    @post(
        paths("/infer"),
        status_code=200,
        operation_id=called("kserve_infer"),
        summary="Send tensors through a model",
        dto=InferBody,
        return_dto=None,
        responses=ANSWERS,
    )
    async def infer(
        self,
        request: Request[Key, Key, Any],
        tensor_inference: NamedDependency[TensorInference],
        data: JSONBody[Message],
    ) -> Response[bytes]:
        """Send tensors through a model as they are: nothing is tokenised, pooled, sorted or cut.

        Elements come in `data`, or as bytes behind the JSON, whose length `Inference-Header-Content-Length`
        then tells; outputs go the same ways. Bodies may be compressed by gzip or deflate, and so is an answer
        of 1 KiB and more where `Accept-Encoding` asks for it.
        """
        asked = Asked.of(request)
        answer = await tensor_inference.infer(request.auth, asked.model, asked.version, data)
        if answer.json_bytes is None:
            return JSONAnswer(answer.body)
        headers = {JSON_BYTES: str(answer.json_bytes)}
        return Response(answer.body, headers=headers, media_type="application/octet-stream")
