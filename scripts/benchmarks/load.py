"""Closed-loop load: so many callers, each sending its next request when the last one is answered."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sample:
    """Latencies in seconds of one round, and how long the round took."""

    latencies: np.ndarray
    seconds: float

    @property
    def throughput(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        return float(np.percentile(self.latencies, percent))


async def run(callers: Sequence[Callable[[int], Awaitable[None]]], requests: int) -> Sample:
    """Send `requests` requests; each caller takes the next number when it is free."""
    numbers = iter(range(requests))
    latencies: list[float] = []

    async def loop(call: Callable[[int], Awaitable[None]]) -> None:
        for number in numbers:
            started = time.perf_counter()
            await call(number)
            latencies.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(loop(call) for call in callers))
    return Sample(np.array(latencies), time.perf_counter() - started)


def merge(rounds: Sequence[Sample]) -> Sample:
    """Several rounds of one way as one."""
    return Sample(np.concatenate([each.latencies for each in rounds]), sum(each.seconds for each in rounds))
