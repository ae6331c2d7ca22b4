"""The errors that any call of a model may answer, and their documentation."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec

from control_plane.catalog import ModelNotFoundError
from control_plane.errors import InsufficientBudgetError
from gateway.answers import JSONAnswer
from gateway.apis.opengatellm.errors import responses
from gateway.body import BodyTooLargeError
from gateway.openapi import named
from gateway.serving.errors import (
    ModelUnavailableError,
    OverloadedError,
    ProviderFailedError,
    UpstreamRefusedError,
    WrongModelTypeError,
)
from gateway.serving.metering.errors import LimitsUnavailableError, ModelForbiddenError, RateLimitedError
from model_repository.errors import InferenceError, ServerUnavailableError, TriremeError

REFUSALS = (
    InsufficientBudgetError,
    UpstreamRefusedError,
    ModelForbiddenError,
    ModelNotFoundError,
    BodyTooLargeError,
    WrongModelTypeError,
    RateLimitedError,
    InferenceError,
    ProviderFailedError,
    ModelUnavailableError,
    ServerUnavailableError,
    OverloadedError,
    LimitsUnavailableError,
)

USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 2,
    "total_tokens": 11,
    "cost": 0.000012,
    "carbon": {"kWh": 0.0, "kgCO2eq": 0.0},
    "requests": 1,
    "model_tokens": {"prompt_tokens": 15, "completion_tokens": 3, "total_tokens": 18},
}
"""An example of it."""


def answering(
    kind: Any, description: str, *errors: type[TriremeError], **examples: Mapping[str, Any]
) -> dict[int, ResponseSpec]:
    """OpenAPI responses of an endpoint that answers with `kind`, or refuses."""
    answer = ResponseSpec(kind, description=description, generate_examples=False, examples=named(examples))
    return {200: answer, **responses(*REFUSALS, *errors)}


def respond(answer: object) -> Response[bytes]:
    """An answer as JSON."""
    return JSONAnswer(msgspec.json.encode(answer))
