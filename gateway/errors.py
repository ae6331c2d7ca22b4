"""The one place where failures become answers: Trireme's and Litestar's errors, in each API's own body.

The id of the request travels in the header of every answer (`gateway.observability.requests`), because the
published error bodies leave no room for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap

from model_repository.errors import TriremeError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """What an API may tell about an error.

    Attributes:
        code: stable identifier for programs.
        message: what happened, with nothing secret in it.
        hint: what to do next, or an empty string.
        headers: to send along, such as `Retry-After` or `Allow`.
        cause: the error itself, for bodies that say more of some kinds.

    """

    status: int
    code: str
    message: str
    hint: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cause: Exception | None = field(default=None, compare=False)


Render = Callable[[Failure], object]
"""An API's error body: something that JSON can hold."""

Translate = Callable[[Exception], Exception]


def describe(error: Exception) -> Failure:
    """What may be told about `error`; anything unforeseen is an internal error without details."""
    if isinstance(error, TriremeError):
        return Failure(error.status, error.code, error.message, error.hint, error.headers, error)
    if isinstance(error, ValidationException):
        return Failure(error.status_code, "invalid_request", _invalid(error))
    if isinstance(error, HTTPException) and error.status_code < 500:
        code = HTTPStatus(error.status_code).name.lower()
        return Failure(error.status_code, code, error.detail, headers=error.headers or {})
    return Failure(500, "internal_error", "internal error")


def handlers(render: Render, translate: Translate | None = None) -> ExceptionHandlersMap:
    """Litestar's exception handlers for an API with that error body.

    Args:
        translate: gives the error that an API answers in place of another.

    """
    return _handlers(lambda _path: render, translate or (lambda error: error))


def handlers_by_prefix(renders: Mapping[str, Render], otherwise: Render) -> ExceptionHandlersMap:
    """Exception handlers for paths that no API knows: each is answered in the manner of its neighbours.

    Args:
        renders: by the path that is an API's own, with all below it.

    """

    def choose(path: str) -> Render:
        within = (render for prefix, render in renders.items() if f"{path}/".startswith(f"{prefix}/"))
        return next(within, otherwise)

    return _handlers(choose, lambda error: error)


def _handlers(choose: Callable[[str], Render], translate: Translate) -> ExceptionHandlersMap:
    def handle(request: Request[Any, Any, Any], raised: Exception) -> Response[bytes]:
        error = translate(raised)
        failure = describe(error)
        if failure.status == 500:
            log.error("request failed", path=request.scope["path"], exc_info=error)
        body = msgspec.json.encode(choose(request.scope["path"])(failure))
        headers = dict(failure.headers)
        return Response(body, status_code=failure.status, headers=headers, media_type=MediaType.JSON)

    return {Exception: handle, HTTPException: handle}


def documented(body: Any, *errors: type[TriremeError]) -> dict[int, ResponseSpec]:
    """OpenAPI responses of a route that may raise `errors`, told by the classes' own docstrings."""
    texts: dict[int, list[str]] = {}
    for error in errors:
        summary = (error.__doc__ or "").partition("\n")[0]
        texts.setdefault(error.status, []).append(summary)
    return {
        status: ResponseSpec(body, generate_examples=False, description=" ".join(lines))
        for status, lines in sorted(texts.items())
    }


def _invalid(error: ValidationException) -> str:
    """First broken rule of a query parameter or a missing body."""
    problems = error.extra if isinstance(error.extra, list) else []
    first: Mapping[str, Any] = problems[0] if problems else {}
    key = first.get("key", "")
    if not key or key == "data":
        return "the body must be a JSON object"
    return f"`{key}`: {first.get('message', 'wrong value')}"
