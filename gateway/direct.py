"""The short way from a body to a task and back."""

from collections.abc import Callable
from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from control_plane.catalog import Key
from gateway.batch import BatchJSON
from gateway.body import BadRequestError
from gateway.serving.engine import Engine


class _Request(Request[Key, Key, Any]):
    @property
    def content_length(self) -> None:
        """Untold: `Intake` bounds bodies as they come, and looking it up makes a dictionary of headers."""


def direct_layer(engine: Engine) -> Callable[[ASGIApp], ASGIApp]:
    """ASGI layer that calls handlers of a `Batch` itself: with the request, the batch and the engine.

    Litestar still routes, documents, and answers errors. What it would do beside that for each request anew,
    to find out what a handler takes and to make a response of what it gives, costs as much as the task.
    """

    def wrap(app: ASGIApp) -> ASGIApp:
        async def answered(scope: Scope, receive: Receive, send: Send) -> None:
            handler = scope["route_handler"]
            reads = handler.resolve_data_dto() if isinstance(handler, HTTPRouteHandler) else None
            if reads is None or not issubclass(reads, BatchJSON):
                await app(scope, receive, send)
                return
            request = _Request(scope, receive, send)
            body = await request.body()
            if not body:
                raise BadRequestError("the body must be a JSON object")
            response = await handler.fn(request=request, data=reads.decoder.decode(body), engine=engine)
            await response.to_asgi_response(None, request)(scope, receive, send)

        return answered

    return wrap
