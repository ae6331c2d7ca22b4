"""A receiver of OTLP over HTTP on a real socket, as a collector of traces has one."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from gateway.server import _Server


@dataclass
class SpanReceiver:
    """Keeps the spans that it gets."""

    url: str
    spans: list[Span] = field(default_factory=list)

    def named(self, name: str) -> Span:
        (span,) = (span for span in self.spans if span.name == name)
        return span

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
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
    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver = SpanReceiver(f"http://127.0.0.1:{listener.getsockname()[1]}/v1/traces")
        ready = asyncio.Event()
        server = _Server(
            uvicorn.Config(receiver, http="httptools", ws="none", lifespan="off", log_config=None), ready.set
        )
        serving = asyncio.create_task(server.serve([listener]))
        await ready.wait()
        try:
            yield receiver
        finally:
            server.stop()
            await serving


def attributes(span: Span) -> dict[str, object]:
    """Of a span, by name."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}
