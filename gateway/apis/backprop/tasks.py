"""What the task endpoints share: their documented failures, their examples and the form of their answers."""

from collections.abc import Mapping
from typing import Any

import orjson
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec

from control_plane.catalog import ModelNotFoundError, ModelNotReadyError, TaskNotSupportedError
from control_plane.errors import InsufficientBudgetError
from gateway.answers import JSONAnswer
from gateway.apis.backprop.errors import ErrorBody
from gateway.auth import ForbiddenError, StartingError
from gateway.body import BadRequestError, BodyTooLargeError
from gateway.errors import documented
from gateway.observability.timing import stage
from gateway.openapi import named
from gateway.serving.errors import OverloadedError, TokenizerUnavailableError
from gateway.serving.metering.errors import LimitsUnavailableError, ModelForbiddenError, RateLimitedError
from model_repository.errors import InferenceError, ServerUnavailableError

FAILURES = (
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
    ModelForbiddenError,
    RateLimitedError,
    LimitsUnavailableError,
    InsufficientBudgetError,
)
"""What any task may end in."""


def answers(kind: Any, description: str, **examples: Mapping[str, Any]) -> dict[int, ResponseSpec]:
    """Documented responses of a task endpoint that answers with `kind`, or a union of such."""
    answer = ResponseSpec(kind, description=description, generate_examples=False, examples=named(examples))
    return {200: answer, **documented(ErrorBody, *FAILURES)}


def respond(**result: Any) -> Response[bytes]:
    """Answer of a task; numpy's arrays become lists."""
    with stage("encode"):
        body = orjson.dumps(result, option=orjson.OPT_SERIALIZE_NUMPY)
    return JSONAnswer(body)
