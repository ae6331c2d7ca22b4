"""Open-loop load: requests come when they come, at half and at twice of what can be sustained."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import psutil

from scripts.benchmarks import load, texts
from scripts.benchmarks.http import Connection, connections, prepare
from scripts.benchmarks.server import Server

CALLERS = 32
CLOSED_SECONDS = 6.0
"""How long the sustainable load is looked for, before and after the half load: the better one counts."""
SECONDS = 15.0
"""Length of each open-loop phase."""
SETTLING = 8.0
"""Seconds of the overload before its figures count: the wait has to reach its bound once."""


REFUSED = frozenset({429, 503})


@dataclass(frozen=True)
class Row:
    """Milliseconds, requests a second, MiB.

    Attributes:
        refused_p99: until a refusal has arrived.
        without_retry_after: refusals that do not say when to come back.
        grown: memory of the gateway at the end of the overload, over that when it had settled.

    """

    sustained: float
    half_p50: float
    half_p99: float
    double_p50: float
    double_p99: float
    accepted: float
    refused: float
    refused_p99: float
    without_retry_after: int
    failed: int
    grown: float


@dataclass(frozen=True)
class _Answer:
    at: float
    seconds: float
    status: int
    retry_after: bool


async def measure(server: Server, model: str) -> Row:
    """All phases, one after the other."""
    rng = random.Random(5)
    bodies = [
        prepare("/text-vectorisation", server.key, msgspec.json.encode({"text": text, "model": model}))
        for text in texts.natural(rng, 2000)
    ]
    await _sustained(server, bodies)  # the batcher learns what packs cost
    sustained = await _sustained(server, bodies)
    half = await _open_loop(server, bodies, sustained / 2, rng)
    sustained = max(sustained, await _sustained(server, bodies))
    gateway = psutil.Process(server.part("gateway").pid)
    settled: list[int] = []
    asyncio.get_running_loop().call_later(SETTLING, lambda: settled.append(gateway.memory_info().rss))
    double = await _open_loop(server, bodies, sustained * 2, rng, extra=SETTLING)
    grown = gateway.memory_info().rss - settled[0]
    double = [each for each in double if each.at >= SETTLING]
    accepted = [each for each in double if each.status == 200]
    refused = [each for each in double if each.status in REFUSED]
    return Row(
        sustained=sustained,
        half_p50=_percentile(half, 50),
        half_p99=_percentile(half, 99),
        double_p50=_percentile(accepted, 50),
        double_p99=_percentile(accepted, 99),
        accepted=len(accepted) / SECONDS,
        refused=len(refused) / SECONDS,
        refused_p99=_percentile(refused, 99),
        without_retry_after=sum(not each.retry_after for each in refused),
        failed=len(double) - len(accepted) - len(refused) + sum(each.status != 200 for each in half),
        grown=grown / 2**20,
    )


async def _sustained(server: Server, bodies: Sequence[bytes]) -> float:
    """Answers a second to callers of whom each waits for one, and after a refusal as long as it says."""
    answered = 0

    def caller(connection: Connection) -> load.Call:
        async def call(number: int) -> None:
            nonlocal answered
            answer = await connection.post(bodies[number % len(bodies)])
            answered += answer.status == 200
            if answer.status in REFUSED:
                await asyncio.sleep(int(answer.headers[b"retry-after"]))

        return call

    async with connections(server.host, server.port, CALLERS) as opened:
        sample = await load.run([caller(each) for each in opened], load.during(CLOSED_SECONDS))
    return answered / sample.seconds


async def _open_loop(
    server: Server, bodies: Sequence[bytes], rate: float, rng: random.Random, extra: float = 0.0
) -> list[_Answer]:
    """Answers to requests that arrive as a Poisson process, whatever became of those before."""
    answers: list[_Answer] = []
    begun = time.perf_counter()

    async def send(connection: Connection, body: bytes, due: float) -> None:
        answer = await connection.post(body)
        idle.append(connection)
        now = time.perf_counter()
        answers.append(_Answer(due, now - begun - due, answer.status, b"retry-after" in answer.headers))

    due = 0.0
    async with connections(server.host, server.port, 1000) as opened, asyncio.TaskGroup() as sending:
        idle = deque(opened)
        begun = time.perf_counter()
        while due < SECONDS + extra:
            due += rng.expovariate(rate)
            await asyncio.sleep(max(0.0, begun + due - time.perf_counter()))
            if not idle:
                raise SystemExit("more than a thousand requests are under way: the wait is not bounded")
            sending.create_task(send(idle.popleft(), rng.choice(bodies), due))
    return answers


def _percentile(answers: Sequence[_Answer], percent: float) -> float:
    return float(np.percentile([each.seconds * 1000 for each in answers], percent)) if answers else 0.0
