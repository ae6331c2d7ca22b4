"""The protocol's error bodies."""

import msgspec
from litestar.openapi.datastructures import ResponseSpec

from control_plane.catalog import ModelNotFoundError
from gateway.auth import StartingError
from gateway.bearer import InvalidKeyError, InvalidSchemeError, NotAuthenticatedError
from gateway.errors import Failure, documented
from gateway.serving.metering.errors import ModelForbiddenError
from model_repository.errors import RefusedInputError, TriremeError


class ErrorBody(msgspec.Struct, frozen=True):
    """What went wrong."""

    error: str


def render(failure: Failure) -> ErrorBody:
    """Body of any failure."""
    message = failure.message
    return ErrorBody(f"{message.removesuffix('.')}. {failure.hint}" if failure.hint else message)


def responses(*errors: type[TriremeError]) -> dict[int, ResponseSpec]:
    """OpenAPI responses of a route that names a model: its own refusals, and those of every such route."""
    common = (
        NotAuthenticatedError,
        InvalidSchemeError,
        InvalidKeyError,
        ModelForbiddenError,
        ModelNotFoundError,
        RefusedInputError,
        StartingError,
    )
    return documented(ErrorBody, *common, *errors)
