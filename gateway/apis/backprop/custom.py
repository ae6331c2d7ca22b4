"""`POST /custom`: whatever an uploaded model makes of whatever it is sent."""

from typing import Annotated, Any

import msgspec
import orjson
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from msgspec import Meta

from control_plane.catalog import Key
from gateway.apis.backprop.schemas import Text
from gateway.apis.backprop.tasks import answers, respond
from gateway.apis.backprop.uploaded import fields
from gateway.body import StrictJSON
from gateway.openapi import request_body
from gateway.serving.engine import Engine
from model_repository.manifest import Task


class CustomBody(msgspec.Struct, frozen=True):
    """The model's name; all other fields are for the model."""

    model: Annotated[Text, Meta(description="the name of an uploaded model")]


class CustomResponse(msgspec.Struct, frozen=True):
    """What the model returned, any JSON value."""

    output: Any


REQUEST = request_body(
    "Anything",
    whatever_the_model_wants={"my-custom-field": "whatever value", "model": "my-model"},
    tensors_of_a_graph={"inputs": {"x": [[1, 2, 3, 4]]}, "model": "my-graph"},
)
ANSWERS = answers(CustomResponse, "What the model returned.", whatever_it_is={"output": 0.55})


class CustomController(Controller):
    """Uploaded models with a task of their own."""

    tags = ("tasks",)

    @post(
        "/custom",
        status_code=200,
        dto=StrictJSON[CustomBody],
        return_dto=None,
        operation_id="custom",
        summary="Call an uploaded model with a task of its own",
        responses=ANSWERS,
    )
    async def call(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[CustomBody, REQUEST],
        engine: NamedDependency[Engine],
    ) -> Response[bytes]:
        """Hand the body to an uploaded model that declares the task `custom`; built-in models do not."""
        result = await engine.run_custom(request.auth, Task.CUSTOM, data.model, await fields(request))
        return respond(output=orjson.Fragment(result))
