"""The HTTP request that is being answered, for whoever needs to name it."""

from contextvars import ContextVar
from dataclasses import dataclass

from litestar.types import HTTPScope


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What records, traces and metrics say of a request.

    Attributes:
        request_id: as the caller is told it.

    """

    request_id: str
    scope: HTTPScope

    @property
    def method(self) -> str:
        """HTTP method."""
        return str(self.scope["method"])

    @property
    def endpoint(self) -> str:
        """Template of the route, never a raw path: those have no end."""
        return self.scope.get("path_template") or "unmatched"

    @property
    def api(self) -> str:
        """Which of the public APIs the route belongs to: `opt={"api": NAME}` of its router."""
        handler = self.scope.get("route_handler")
        return str(handler.opt.get("api", "")) if handler is not None else ""


request_context: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)
