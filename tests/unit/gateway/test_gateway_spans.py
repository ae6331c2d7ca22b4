"""What Triton is told of a trace, on a real gRPC server, and what packs of several requests link to."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc.service_pb2_grpc import (
    GRPCInferenceServiceServicer,
    add_GRPCInferenceServiceServicer_to_server,
)

from gateway.observability import timing
from gateway.observability.spans import asking
from gateway.observability.tracing import Span
from gateway.serving.batching.batcher import Batcher
from gateway.serving.batching.cost import CostModel
from gateway.serving.batching.padded import PaddedRows
from gateway.serving.batching.patience import Patience
from model_repository.client import TritonClient


@dataclass
class Listening(GRPCInferenceServiceServicer):
    """Answers with nothing and keeps the metadata."""

    told: list[dict[str, str]] = field(default_factory=list)

    async def ModelInfer(self, _request: Any, context: Any) -> pb.ModelInferResponse:  # noqa: N802
        self.told.append(dict(context.invocation_metadata()))
        return pb.ModelInferResponse()

    async def ModelStreamInfer(self, requests: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        self.told.append(dict(context.invocation_metadata()))
        async for _ in requests:
            yield pb.ModelStreamInferResponse()


@dataclass
class Trace:
    """A trace in memory."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    def __post_init__(self) -> None:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = provider.get_tracer("test")

    def begin(self, name: str) -> Span:
        return Span(self.tracer, self.tracer.start_span(name), None, {}, 0)


@pytest.fixture
def trace() -> Trace:
    return Trace()


@pytest_asyncio.fixture
async def triton() -> AsyncIterator[tuple[TritonClient, Listening]]:
    listening, server = Listening(), grpc.aio.server()
    add_GRPCInferenceServiceServicer_to_server(listening, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    client = TritonClient(f"127.0.0.1:{port}")
    yield client, listening
    await client.close()
    await server.stop(None)


async def test_triton_is_told_the_span_that_asks(
    trace: Trace, triton: tuple[TritonClient, Listening]
) -> None:
    client, listening = triton
    timing.begin(trace.begin("call"))
    with asking("ModelInfer", client.url, "entry") as headers:
        await client.infer(b"", 5, headers)
    with asking("ModelStreamInfer", client.url, "entry") as headers:
        assert len([response async for response in client.stream(b"", 5, headers)]) == 1
    asked = trace.exporter.get_finished_spans()
    assert [span.name for span in asked] == ["ModelInfer", "ModelStreamInfer"]
    for span, told in zip(asked, listening.told, strict=True):
        _, trace_id, span_id, flags = told["traceparent"].split("-")
        assert (int(trace_id, 16), int(span_id, 16)) == (span.context.trace_id, span.context.span_id)
        assert int(flags, 16) & 1, "sampled"
    assert listening.told[1]["triton_grpc_error"] == "true"


async def test_without_a_trace_triton_is_told_nothing(triton: tuple[TritonClient, Listening]) -> None:
    client, listening = triton
    timing.begin()
    with asking("ModelInfer", client.url, "entry") as headers:
        await client.infer(b"", 5, headers)
    assert "traceparent" not in listening.told[0]


class Doubling:
    """A graph that doubles numbers once it may."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    def length(self, _content: int) -> int:
        return 1

    async def prepare(self, contents: Any) -> Any:
        return contents

    def tensors(self, prepared: Any) -> Any:
        return {"number": np.array(prepared)}

    async def infer(self, tensors: Any) -> Any:
        with asking("ModelInfer", "here", "entry"):
            await self.open.wait()
            return {"double": tensors["number"] * 2}


async def test_a_pack_belongs_to_its_first_request_and_links_to_the_others(trace: Trace) -> None:
    engine = Doubling()
    waiting = PaddedRows(max_rows=8, max_tokens=100, max_seconds=100)
    patience = Patience(10, 10)
    batcher = Batcher(
        "m",
        engine,
        engine.infer,
        lambda out, _: out["double"].tolist(),
        waiting,
        count=lambda _: None,
        patience=patience,
        cost=CostModel(),
        rows_waiting=9,
    )
    spans: dict[int, Span] = {}

    async def request(number: int) -> list[int]:
        spans[number] = trace.begin(str(number))
        timing.begin(spans[number])
        return await batcher.run([number])

    # So many that some wait until others are back, and then travel together.
    running = [asyncio.create_task(request(number)) for number in range(9)]
    for _ in range(5):
        await asyncio.sleep(0)
    engine.open.set()
    assert await asyncio.gather(*running) == [[2 * number] for number in range(9)]
    asked = [span for span in trace.exporter.get_finished_spans() if span.name == "ModelInfer"]
    named = [(span.parent.span_id, *(link.context.span_id for link in span.links)) for span in asked]
    own = [span._span.get_span_context().span_id for span in spans.values()]
    assert max(map(len, named)) > 1
    assert sorted(each for pack in named for each in pack) == sorted(own)
