"""Calls the handler of a task directly, past Litestar's parsing of parameters and responses."""

from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.exceptions import ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from control_plane.catalog import Key
from gateway.bearer import Layer


class _Request(Request[Key, Key, Any]):
    @property
    def content_length(self) -> None:
        """Untold: `Intake` bounds bodies as they come, and looking it up makes a dictionary of headers."""


def direct_layer(kind: type[object]) -> Layer:
    """ASGI layer that calls the handlers itself whose bodies are of a kind.

    Litestar still routes, documents, and answers errors. What it would do beside that for each request anew,
    to find out what a handler takes and to make a response of what it gives, costs as much as a small task.

    Args:
        kind: of DTO, which reads a body from its bytes. Handlers take the request, its body as `data`, and
            dependencies that last as long as the application; they give a `Response`.

    """

    def wrap(app: ASGIApp) -> ASGIApp:
        lasting: Mapping[str, object] | None = None

        async def answered(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal lasting
            handler = scope["route_handler"]
            assert isinstance(handler, HTTPRouteHandler)
            reads = handler.resolve_data_dto()
            if reads is None or not issubclass(reads, kind):
                await app(scope, receive, send)
                return
            if lasting is None:
                lasting = await _lasting(handler)
            request = _Request(scope, receive, send)
            body = await request.body()
            if not body:
                raise ValidationException("the body is missing")
            response = await handler.fn(request=request, data=reads(request).decode_bytes(body), **lasting)
            await response.to_asgi_response(None, request)(scope, receive, send)

        return answered

    return wrap


async def _lasting(handler: HTTPRouteHandler) -> Mapping[str, object]:
    """The dependencies that a handler names."""
    provided = handler.resolve_dependencies()
    named = {name: provided[name] for name in handler.parsed_fn_signature.parameters if name in provided}
    assert all(each.use_cache for each in named.values()), f"{handler} takes what each request has anew"
    return {name: await each() for name, each in named.items()}
