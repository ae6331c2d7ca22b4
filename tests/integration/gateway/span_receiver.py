"""A receiver of OTLP over HTTP on a real socket, as a collector of traces has one."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sockets import on_a_socket


@dataclass
class SpanReceiver:
    """Keeps the spans that it gets."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)

    def named(self, name: str) -> Span:
        (span,) = (span for span in self.spans if span.name == name)
        return span

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if (b"content-encoding", b"gzip") in scope["headers"]:
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scoped in resource.scope_spans:
                self.spans += scoped.spans
        headers = [(b"content-type", b"application/x-protobuf")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ExportTraceServiceResponse().SerializeToString()})


@asynccontextmanager
async def span_receiver() -> AsyncIterator[SpanReceiver]:
    """A receiver that runs as long as the block."""
    receiver = SpanReceiver()
    async with on_a_socket(receiver) as url:
        receiver.url = f"{url}/v1/traces"
        yield receiver


def attributes(span: Span) -> dict[str, object]:
    """Of a span, by name."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}
