"""The outermost layer of the application: an id, a log line, timings and metrics for every request."""

import re
from itertools import count
from secrets import token_hex
from time import perf_counter
from typing import TYPE_CHECKING

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.observability.context import RequestContext, request_context
from gateway.observability.metrics import Metrics
from gateway.observability.timing import begin, server_timing

if TYPE_CHECKING:  # OpenTelemetry is there only where it is wanted
    from gateway.observability.tracing import Tracing

CLIENT_LEFT = 499
"""Logged instead of a status when the client did not wait for one; nginx's number."""

_PROCESS = token_hex(12).encode()
_count = count()
_SANE = re.compile(rb"[A-Za-z0-9._:\-]{1,128}")

log = structlog.get_logger(__name__)


class RequestObserver:
    """ASGI layer that answers with `x-request-id` and `server-timing`.

    Args:
        tracing: where requests are traced.

    """

    def __init__(self, app: ASGIApp, metrics: Metrics, tracing: "Tracing | None" = None) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        request_id = request_id_of(scope)
        structlog.contextvars.bind_contextvars(request_id=request_id.decode())
        request = RequestContext(request_id.decode(), scope)
        request_context.set(request)
        span = None if self._tracing is None else self._tracing.begin(request, scope["headers"])
        stages = begin(span).seconds
        status, sent = CLIENT_LEFT, 0

        async def observed(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", request_id)]
                if stages:
                    headers.append((b"server-timing", server_timing(stages)))
                message["headers"] = headers
            elif message["type"] == "http.response.body":
                sent += len(message["body"])
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            seconds = perf_counter() - start
            method = scope["method"]
            handler = scope.get("path_template") or "unmatched"
            self._metrics.observe(
                handler=handler,
                method=method,
                status=status,
                seconds=seconds,
                stages=stages,
                received=announced(scope),
                sent=sent,
            )
            if self._tracing is not None and span is not None:
                self._tracing.end(span, request, status)
            log.info("request", method=method, path=scope["path"], status=status, ms=round(seconds * 1000, 2))


def request_id_of(scope: Scope) -> bytes:
    """The caller's `x-request-id` when it is short and plain, otherwise a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE.fullmatch(value):
            return value
    return b"%s%08x" % (_PROCESS, next(_count))


def announced(scope: Scope) -> int:
    """Bytes of the body that the request announces; 0 where it does not tell."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
