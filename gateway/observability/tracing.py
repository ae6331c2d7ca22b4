"""Traces by OpenTelemetry; imported only where an endpoint for them is configured."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter, time_ns
from typing import Self

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway.observability.context import RequestContext
from gateway.settings import TracingSettings
from model_repository.client import Headers
from model_repository.errors import TriremeError

EXPORT_SECONDS = 5.0
"""How long one batch may take, retries included; it is sent by a thread of its own."""

CLOSE_SECONDS = 3.0
"""How long the end of the gateway waits for the last spans to be sent."""

QUEUE = 8192
"""Spans that may wait to be sent; the oldest are dropped."""

Attributes = Mapping[str, str | int]

_PROPAGATOR = TraceContextTextMapPropagator()


class Span:
    """One span of a request.

    Attributes:
        parent: of the same request, None for the outermost.

    """

    __slots__ = ("_offset", "_shared", "_span", "_tracer", "parent")

    def __init__(
        self, tracer: Tracer, span: OtelSpan, parent: Self | None, shared: Attributes, offset: int
    ) -> None:
        """Wrap a span that has begun.

        Args:
            shared: attributes of all spans of the request.
            offset: nanoseconds from `perf_counter` to POSIX time.

        """
        self._tracer = tracer
        self._span = span
        self._shared = shared
        self._offset = offset
        self.parent = parent

    def child(
        self,
        name: str,
        attributes: Attributes,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        links: Sequence["Span"] = (),
    ) -> "Span":
        """A span within this one that begins now."""
        span = self._tracer.start_span(
            name,
            set_span_in_context(self._span),
            kind=kind,
            attributes={**self._shared, **attributes},
            links=[Link(each._span.get_span_context()) for each in links],  # noqa: SLF001  # another of its kind
        )
        return Span(self._tracer, span, self, self._shared, self._offset)

    def part(self, name: str, start: float, end: float) -> None:
        """Add a span within this one that is over, between two readings of `perf_counter`."""
        if self._span.is_recording():
            within = set_span_in_context(self._span)
            part = self._tracer.start_span(
                name, within, attributes=self._shared, start_time=self._posix(start)
            )
            part.end(self._posix(end))

    @contextmanager
    def asking(self, method: str, server: str, entry: str, links: Sequence["Span"]) -> Iterator[Headers]:
        """A span as long as the block, for a question to a Triton server; see `spans.asking`."""
        attributes = {
            "rpc.system": "kserve",
            "rpc.method": method,
            "server.address": server,
            "trireme.entry": entry,
        }
        span = self.child(method, attributes, kind=SpanKind.CLIENT, links=links)
        error = ""
        try:
            yield span.headers
        except TriremeError as failure:
            error = failure.code
            raise
        finally:
            span.end({}, error=error)

    @property
    def headers(self) -> Headers:
        """W3C trace context that names this span as the parent."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, set_span_in_context(self._span))
        return tuple(carrier.items())

    def rename(self, name: str) -> None:
        """Give the span a better name, now that it is known."""
        self._span.update_name(name)

    def end(self, attributes: Attributes, *, error: str = "") -> None:
        """Close the span.

        Args:
            error: its code, or an empty string.

        """
        self._span.set_attributes(attributes)
        if error:
            self._span.set_attribute("error.type", error)
            self._span.set_status(StatusCode.ERROR)
        self._span.end()

    def _posix(self, reading: float) -> int:
        return int(reading * 1e9) + self._offset


class Tracing:
    """Where a gateway's spans come from and go to.

    Args:
        instance: name of this gateway, unlike that of any other.

    """

    def __init__(self, settings: TracingSettings, instance: str) -> None:
        self._exporter = OTLPSpanExporter(settings.endpoint, timeout=EXPORT_SECONDS)
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(settings.sample_ratio)),
            resource=Resource.create({"service.name": "trireme-gateway", "service.instance.id": instance}),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter, max_queue_size=QUEUE))
        self._tracer = self._provider.get_tracer("trireme")

    def begin(self, request: RequestContext, headers: Iterable[tuple[bytes, bytes]]) -> Span:
        """Open the span of an HTTP request, within the caller's own where `traceparent` names one."""
        carrier = {
            name.decode(): value.decode("latin-1")
            for name, value in headers
            if name in {b"traceparent", b"tracestate"}
        }
        shared = {"trireme.request_id": request.request_id}
        span = self._tracer.start_span(
            request.method,
            _PROPAGATOR.extract(carrier),
            kind=SpanKind.SERVER,
            attributes={**shared, "http.request.method": request.method},
        )
        return Span(self._tracer, span, None, shared, time_ns() - int(perf_counter() * 1e9))

    @staticmethod
    def end(span: Span, request: RequestContext, status: int) -> None:
        """Close the span of an HTTP request, of which the route and the caller are known by now."""
        attributes: dict[str, str | int] = {
            "http.route": request.endpoint,
            "http.response.status_code": status,
            "trireme.api": request.api,
        }
        account_id = getattr(request.scope.get("auth"), "account_id", None)
        if account_id is not None:
            attributes["trireme.account_id"] = account_id
        span.rename(f"{request.method} {request.endpoint}")
        span.end(attributes, error=str(status) if status >= 500 else "")

    async def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        sending = asyncio.create_task(asyncio.to_thread(self._provider.shutdown))
        _, late = await asyncio.wait((sending,), timeout=CLOSE_SECONDS)
        if late:
            self._exporter.shutdown()  # type: ignore[no-untyped-call]  # ends its retries; the rest is dropped
        await sending
