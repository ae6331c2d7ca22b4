"""A long run of requests against one gateway: its memory and its descriptors have to stay as they are."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import msgspec
import psutil

from scripts.benchmarks import load, texts
from scripts.benchmarks.http import caller, connections, prepare
from scripts.benchmarks.server import Server

CALLERS = 64
CACHED, UNCACHED = 1_000_000, 50_000
"""Requests of a whole run."""

KNOWN = 512
"""Texts that are asked again and again."""

LOOKS = 20
"""At the process, evenly over the run; the first quarter of them is warm-up."""

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Row:
    """One kind of requests.

    Attributes:
        memory: resident MiB of the gateway at each look.
        descriptors: open files at each look.

    """

    kind: str
    requests: int
    per_second: float
    memory: list[float]
    descriptors: list[int]

    @property
    def growth(self) -> float:
        """Memory of the last quarter over that of the second one, less 1."""
        quarter = len(self.memory) // 4
        return median(self.memory[-quarter:]) / median(self.memory[quarter : 2 * quarter]) - 1

    @property
    def more_descriptors(self) -> int:
        """Open files in the end that were not there after the warm-up."""
        return self.descriptors[-1] - self.descriptors[len(self.descriptors) // 4]


async def measure(server: Server, model: str, scale: float) -> list[Row]:
    """Texts that were answered before, and texts that never were."""
    gateway = server.part("gateway")
    rng = random.Random(11)
    known = texts.natural(rng, KNOWN)
    async with connections(server.host, server.port, CALLERS) as kept:

        def requests(of: Sequence[str]) -> list[bytes]:
            bodies = [msgspec.json.encode({"text": text, "model": model}) for text in of]
            return [prepare("/text-vectorisation", server.key, body) for body in bodies]

        async def run(kind: str, total: int, *, fresh: bool) -> Row:
            memory, descriptors, taken = [], [], []
            for look in range(LOOKS):
                number = total // LOOKS
                asked = known
                if fresh:
                    asked = [f"{look} {at} {text}" for at, text in enumerate(texts.natural(rng, number))]
                ready = requests(asked)
                taken.append(await load.run([caller(each, ready) for each in kept], range(number)))
                memory.append(gateway.memory_info().rss / MEBIBYTE)
                descriptors.append(_descriptors(gateway))
            return Row(kind, total, load.merge(taken).throughput, memory, descriptors)

        return [
            await run("answered before", max(LOOKS, int(CACHED * scale)), fresh=False),
            await run("never asked", max(LOOKS, int(UNCACHED * scale)), fresh=True),
        ]


def _descriptors(process: psutil.Process) -> int:
    return int(process.num_fds())
