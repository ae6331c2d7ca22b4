"""Processor time of the gateway for whole requests, from socket to socket."""

import random
from collections.abc import Iterator, Sequence

import msgspec

from scripts.benchmarks import load, texts
from scripts.benchmarks.http import caller, connections, prepare
from scripts.benchmarks.server import Server, processor_seconds

CALLERS = 64
REQUESTS = 2000
"""Of a round; the clock of processor time moves in steps of 10 ms."""

ROUNDS = 5


async def measure(server: Server, model: str) -> dict[str, float]:
    """Seconds for a text of 32 tokens: one with an answer that the gateway knows, and one for Triton."""
    gateway = server.part("gateway")
    rng = random.Random(1)
    known = texts.fixed(rng, CALLERS)
    async with connections(server.host, server.port, CALLERS) as kept:

        async def rounds(asked: Iterator[Sequence[str]]) -> float:
            """The best round, after one to warm up."""
            taken = []
            for some in asked:
                bodies = [msgspec.json.encode({"text": text, "model": model}) for text in some]
                ready = [prepare("/text-vectorisation", server.key, body) for body in bodies]
                begun = processor_seconds(gateway)
                await load.run([caller(each, ready) for each in kept], range(REQUESTS))
                taken.append((processor_seconds(gateway) - begun) / REQUESTS)
            return min(taken[1:])

        return {
            "a whole request, its answer known": await rounds(iter([known] * (ROUNDS + 1))),
            "a whole request, its row in a pack": await rounds(
                texts.fixed(rng, REQUESTS) for _ in range(ROUNDS + 1)
            ),
        }
