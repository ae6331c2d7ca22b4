"""The HTTP request in progress, as a context variable."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What records, traces and metrics say of a request.

    Attributes:
        request_id: as the caller is told it.
        scope: of ASGI; the router adds to it.

    """

    request_id: str
    scope: Mapping[str, object]

    @property
    def method(self) -> str:
        """HTTP method."""
        return str(self.scope["method"])

    @property
    def endpoint(self) -> str:
        """Template of the route, never a raw path: those have no end."""
        return str(self.scope.get("path_template") or "unmatched")

    @property
    def api(self) -> str:
        """Which of the public APIs the route belongs to: `opt={"api": NAME}` of its router."""
        options: Mapping[str, object] = getattr(self.scope.get("route_handler"), "opt", {})
        return str(options.get("api", ""))


request_context: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)
