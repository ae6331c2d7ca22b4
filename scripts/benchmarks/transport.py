"""Pixels on their way to Triton, as raw bytes or through shared memory, and what a whole request costs."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import numpy as np
import psutil
from rich.table import Table

from model_repository.client import TritonClient, infer_request
from model_repository.manifest import Manifest
from model_repository.storage import FolderStorage
from scripts.benchmarks import load, pictures
from scripts.benchmarks.http import caller, connections, prepare
from scripts.benchmarks.server import Server, processor_seconds
from scripts.benchmarks.shared_memory import Region, regions

CALLERS = (1, 8)
IMAGES = (1, 8, 32)
PHOTOS = 16
SECONDS = 60.0
"""Limit of one request."""


@dataclass(frozen=True)
class Cost:
    """One way of asking; processor time in milliseconds a request.

    Attributes:
        p50: median latency, milliseconds.
        client: of the process that asks: this one, or the gateway.
        triton: of the server itself.
        engine: of the processes in which models run.

    """

    per_second: float
    p50: float
    client: float
    triton: float
    engine: float

    @property
    def total(self) -> float:
        """Processor time of all."""
        return self.client + self.triton + self.engine


@dataclass(frozen=True)
class Row:
    """Direct requests of so many images, both ways."""

    model: str
    callers: int
    images: int
    raw: Cost
    shared: Cost

    @property
    def saved(self) -> float:
        """Milliseconds of processor time a request."""
        return self.raw.total - self.shared.total


@dataclass(frozen=True)
class Whole:
    """Photographs through the gateway, as it is, one a request.

    Attributes:
        saved: milliseconds of processor time that shared memory would save at most, by the cheap graph.

    """

    callers: int
    cost: Cost
    saved: float

    @property
    def share(self) -> float:
        """Of all processor time."""
        return self.saved / self.cost.total

    @property
    def share_without_engine(self) -> float:
        """Of the processor time of a host whose engine is a GPU."""
        return self.saved / (self.cost.client + self.cost.triton)


async def measure(
    server: Server, cheap: str, real: str, *, rounds: int, seconds: float
) -> tuple[list[Row], list[Whole]]:
    """Both ways in turns on a cheap graph and on a real model, then the real model through the gateway.

    Args:
        seconds: length of a turn.

    """
    bench = _Bench(server, rounds, seconds)
    rows = [
        await bench.direct(model, callers, images)
        for model in (cheap, real)
        for callers in CALLERS
        for images in IMAGES
    ]
    bare = [row for row in rows if row.model == cheap]
    return rows, [
        Whole(callers, await bench.whole(real, callers), most(bare, callers)) for callers in CALLERS
    ]


def most(rows: Iterable[Row], callers: int) -> float:
    """Milliseconds that shared memory saves a picture, in packs with a picture of each caller at most."""
    return max(row.saved / row.images for row in rows if row.images <= row.callers == callers)


def table(rows: Iterable[Row]) -> Table:
    """Direct requests for people."""
    shown = Table(
        *("model", "callers", "images", "throughput", "p50", "client", "Triton", "engine", "saved"),
        title="Raw bytes / shared memory; p50 and processor time of a request in milliseconds",
        box=None,
    )
    for row in rows:
        raw, shared = row.raw, row.shared
        shown.add_row(
            *(row.model, str(row.callers), str(row.images)),
            f"x {shared.per_second / raw.per_second:.2f}",
            f"{raw.p50:.2f} / {shared.p50:.2f}",
            f"{raw.client:.2f} / {shared.client:.2f}",
            f"{raw.triton:.2f} / {shared.triton:.2f}",
            f"{raw.engine:.2f} / {shared.engine:.2f}",
            f"{row.saved / raw.total:.0%}",
        )
    return shown


def summary(whole: Whole) -> str:
    """What shared memory could do for whole requests, in a line."""
    cost = whole.cost
    return (
        f"{whole.callers} callers through the gateway: gateway {cost.client:.2f}, Triton {cost.triton:.2f}, "
        f"engine {cost.engine:.2f} ms a picture; shared memory would save {whole.saved:.2f} ms at most, "
        f"{whole.share:.0%}, or {whole.share_without_engine:.0%} of what an engine elsewhere leaves"
    )


class _Bench:
    def __init__(self, server: Server, rounds: int, seconds: float) -> None:
        storage = FolderStorage(server.data / "repository")
        self._manifests = {each.name: each for each in map(storage.manifest, storage.entries())}
        self._server = server
        self._rounds, self._seconds = rounds, seconds
        self._pixels = pictures.pixels(max(IMAGES))
        triton = server.process.children()
        self._triton = next(each for each in triton if "tritonserver" in each.name())

    async def direct(self, model: str, callers: int, images: int) -> Row:
        graph, rows = self._manifests[model], self._pixels[:images]
        size = sum(row.nbytes for row in rows)
        client = TritonClient(self._server.triton)
        try:
            async with regions(self._server.triton, callers, size) as own:
                ways = {
                    "raw": [_raw(client, graph, rows)] * callers,
                    "shared": [_shared(client, graph, rows, region) for region in own],
                }
                costs = await self._in_turns(ways, psutil.Process())
        finally:
            await client.close()
        return Row(model, callers, images, costs["raw"], costs["shared"])

    async def whole(self, model: str, callers: int) -> Cost:
        photos = (base64.b64encode(pictures.photo(seed)).decode() for seed in range(PHOTOS))
        bodies = [msgspec.json.encode({"image": photo, "model": model}) for photo in photos]
        ready = [prepare("/image-classification", self._server.key, body) for body in bodies]
        async with connections(self._server.host, self._server.port, callers) as kept:
            calls = [caller(connection, ready) for connection in kept]
            return (await self._in_turns({"gateway": calls}, self._server.part("gateway")))["gateway"]

    async def _in_turns(self, ways: dict[str, list[load.Call]], client: psutil.Process) -> dict[str, Cost]:
        """What each way costs; `client` is the process that asks Triton."""
        samples: dict[str, list[load.Sample]] = {way: [] for way in ways}
        times = {way: np.zeros(3) for way in ways}
        for turn in range(self._rounds + 1):
            for way, calls in ways.items():
                before = self._times(client)
                sample = await load.run(calls, load.during(self._seconds))
                if turn:  # the first turn warms up
                    samples[way].append(sample)
                    times[way] += self._times(client) - before
        return {way: _cost(load.merge(samples[way]), times[way]) for way in ways}

    def _times(self, client: psutil.Process) -> np.ndarray:
        """Processor seconds so far of the client, of Triton, and of its engines."""
        engines = self._triton.children(recursive=True)
        return np.array(
            [processor_seconds(client), processor_seconds(self._triton), sum(map(processor_seconds, engines))]
        )


def _raw(client: TritonClient, graph: Manifest, rows: list[np.ndarray]) -> load.Call:
    async def call(_number: int) -> None:
        inputs = {graph.inputs[0].name: np.stack(rows)}
        await client.infer(infer_request(graph.entry, inputs, [graph.outputs[0].name]), SECONDS)

    return call


def _shared(client: TritonClient, graph: Manifest, rows: list[np.ndarray], region: Region) -> load.Call:
    async def call(_number: int) -> None:
        request = region.request(graph.entry, graph.inputs[0].name, rows, graph.outputs[0].name)
        await client.infer(request, SECONDS)

    return call


def _cost(sample: load.Sample, seconds: np.ndarray) -> Cost:
    client, triton, engine = (1e3 * seconds / len(sample.latencies)).tolist()
    return Cost(sample.throughput, 1e3 * sample.percentile(50), client, triton, engine)
