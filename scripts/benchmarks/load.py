"""Closed-loop load: so many callers, each sending its next request when the last one is answered."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, takewhile

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


Call = Callable[[int], Awaitable[None]]
"""Sends the request of a number and waits for its answer."""


async def run(callers: Sequence[Call], requests: Iterable[int]) -> Sample:
    """Send the requests of these numbers; each caller takes the next number when it is free."""
    numbers = iter(requests)
    latencies: list[float] = []

    async def loop(call: Call) -> None:
        for number in numbers:
            started = time.perf_counter()
            await call(number)
            latencies.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(loop(call) for call in callers))
    return Sample(np.array(latencies), time.perf_counter() - started)


def during(seconds: float) -> Iterator[int]:
    """Numbers from 0 on until so much time has passed."""
    end = time.perf_counter() + seconds
    return takewhile(lambda _: time.perf_counter() < end, count())


def merge(rounds: Sequence[Sample]) -> Sample:
    """Several rounds of one way as one."""
    return Sample(np.concatenate([each.latencies for each in rounds]), sum(each.seconds for each in rounds))
