"""Single embedding requests: the gateway against ModelInfer calls with ready tensors."""

import random
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import msgspec
from rich.table import Table

from model_repository.client import TritonClient
from scripts.benchmarks import load, texts
from scripts.benchmarks.direct import DirectModel
from scripts.benchmarks.http import Connection, connections, prepare
from scripts.benchmarks.server import Server, processor_seconds

NAME = "all-minilm-l6-v2"
CONCURRENCIES = (1, 8, 64)


@dataclass(frozen=True)
class Row:
    """One concurrency: latencies in milliseconds, ratios of throughput.

    Attributes:
        added_p50: median of the gateway minus median of the direct calls with the same texts.
        throughput_ratio: gateway over direct, same texts.
        natural_ratio: gateway over direct, both with natural lengths.
        cpu_per_request: processor time of the gateway process for one request.

    """

    concurrency: int
    direct_p50: float
    gateway_p50: float
    added_p50: float
    direct_p99: float
    gateway_p99: float
    added_p99: float
    throughput_ratio: float
    natural_ratio: float
    natural_texts_per_second: float
    cpu_per_request: float


async def measure(server: Server, requests: int, rounds: int) -> list[Row]:
    """All concurrencies; within each, the ways take turns round by round."""
    bench = _Bench(server)
    return [await bench.measure(concurrency, requests, rounds) for concurrency in CONCURRENCIES]


def table(rows: Iterable[Row]) -> Table:
    """All concurrencies for people."""
    shown = Table(
        *("callers", "direct p50/p99", "gateway p50/p99", "added p50/p99", "throughput ratio"),
        *("natural ratio", "gateway CPU"),
        title="One text a request; milliseconds; ratios are gateway over direct ModelInfer, tensors ready",
        box=None,
    )
    for row in rows:
        shown.add_row(
            str(row.concurrency),
            f"{row.direct_p50:.2f} / {row.direct_p99:.2f}",
            f"{row.gateway_p50:.2f} / {row.gateway_p99:.2f}",
            f"{row.added_p50:.2f} / {row.added_p99:.2f}",
            f"{row.throughput_ratio:.2f}",
            f"{row.natural_ratio:.2f}",
            f"{row.cpu_per_request:.2f}",
        )
    return shown


class _Bench:
    """The server's one model, and the same texts for every way."""

    def __init__(self, server: Server) -> None:
        rng = random.Random(7)
        self.server = server
        self.same, self.varied = texts.fixed(rng, 256), texts.natural(rng, 256)
        self.model = DirectModel(server, NAME)

    async def measure(self, concurrency: int, requests: int, rounds: int) -> Row:
        async with AsyncExitStack() as stack:
            clients = [TritonClient(self.server.triton) for _ in range(min(4, concurrency))]
            for client in clients:
                stack.push_async_callback(client.close)
            kept = await stack.enter_async_context(
                connections(self.server.host, self.server.port, concurrency)
            )
            spread = [clients[index % len(clients)] for index in range(concurrency)]
            ways = {
                "direct": [self._direct(client, self.same) for client in spread],
                "gateway": [self._gateway(connection, self.same) for connection in kept],
                "direct natural": [self._direct(client, self.varied) for client in spread],
                "gateway natural": [self._gateway(connection, self.varied) for connection in kept],
            }
            return await self._in_turns(ways, concurrency, requests, rounds)

    async def _in_turns(
        self, ways: dict[str, list[load.Call]], concurrency: int, requests: int, rounds: int
    ) -> Row:
        samples: dict[str, list[load.Sample]] = {way: [] for way in ways}
        process, cpu = self.server.part("gateway"), 0.0
        for turn in range(rounds + 1):
            for way, callers in ways.items():
                before = processor_seconds(process)
                sample = await load.run(callers, range(requests))
                if turn:  # the first turn warms up
                    samples[way].append(sample)
                    cpu += processor_seconds(process) - before if way == "gateway" else 0.0
        merged = {way: load.merge(taken) for way, taken in samples.items()}
        return _row(concurrency, merged, cpu / (requests * rounds))

    def _direct(self, client: TritonClient, chosen: list[str]) -> load.Call:
        ready = [self.model.embedding(text) for text in chosen]

        async def call(number: int) -> None:
            await client.infer(ready[number % len(ready)], 30.0)

        return call

    def _gateway(self, connection: Connection, chosen: list[str]) -> load.Call:
        bodies = [msgspec.json.encode({"text": text, "model": NAME}) for text in chosen]
        ready = [prepare("/text-vectorisation", self.server.key, body) for body in bodies]

        async def call(number: int) -> None:
            response = await connection.post(ready[number % len(ready)])
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {response.body[:200]!r}")

        return call


def _row(concurrency: int, merged: dict[str, load.Sample], cpu: float) -> Row:
    direct, gateway = merged["direct"], merged["gateway"]
    p50 = [1e3 * way.percentile(50) for way in (direct, gateway)]
    p99 = [1e3 * way.percentile(99) for way in (direct, gateway)]
    return Row(
        concurrency=concurrency,
        direct_p50=p50[0],
        gateway_p50=p50[1],
        added_p50=p50[1] - p50[0],
        direct_p99=p99[0],
        gateway_p99=p99[1],
        added_p99=p99[1] - p99[0],
        throughput_ratio=gateway.throughput / direct.throughput,
        natural_ratio=merged["gateway natural"].throughput / merged["direct natural"].throughput,
        natural_texts_per_second=merged["gateway natural"].throughput,
        cpu_per_request=1e3 * cpu,
    )
