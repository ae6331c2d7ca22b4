"""The OpenGateLLM API's error bodies: a sentence, or for a broken schema the list of all that is wrong."""

from typing import Any

import msgspec
from litestar.exceptions import ValidationException
from litestar.openapi.datastructures import ResponseSpec

from gateway.auth import StartingError
from gateway.bearer import InvalidKeyError, InvalidSchemeError, NotAuthenticatedError
from gateway.errors import Failure, documented
from gateway.serving.errors import ProviderFailedError, UpstreamRefusedError
from gateway.validation import SchemaError
from model_repository.errors import TriremeError


class ErrorBody(msgspec.Struct, frozen=True):
    """What went wrong."""

    detail: str


class UpstreamErrorBody(msgspec.Struct, frozen=True):
    """What a model's provider said: a sentence, or its whole JSON."""

    detail: Any


class SchemaErrorBody(msgspec.Struct, frozen=True):
    """Every rule that the request breaks: `type`, `loc`, `msg`, `input` and sometimes `ctx`."""

    detail: list[dict[str, Any]]


def render(failure: Failure) -> ErrorBody | SchemaErrorBody | UpstreamErrorBody:
    """Body of any failure."""
    if isinstance(failure.cause, SchemaError):
        return SchemaErrorBody([dict(problem) for problem in failure.cause.problems])
    if isinstance(failure.cause, ProviderFailedError | UpstreamRefusedError):
        return UpstreamErrorBody(failure.cause.detail)
    return ErrorBody(failure.message)


def translate(error: Exception) -> Exception:
    """Litestar finds but one thing wrong by itself here: that a body is missing."""
    if isinstance(error, ValidationException):
        return SchemaError([{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}])
    return error


def responses(*errors: type[TriremeError]) -> dict[int, ResponseSpec]:
    """OpenAPI responses of a route for callers with a key: its own refusals, and those of every route."""
    common = (NotAuthenticatedError, InvalidSchemeError, InvalidKeyError, StartingError)
    unprocessable = [error for error in errors if error.status == SchemaError.status]
    body = SchemaErrorBody | ErrorBody if unprocessable else SchemaErrorBody
    return {**documented(ErrorBody, *common, *errors), **documented(body, SchemaError, *unprocessable)}
