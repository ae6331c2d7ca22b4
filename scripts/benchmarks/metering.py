"""Processor time that the meter adds to a call: everything switched on, against the bare path."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from prometheus_client import CollectorRegistry

from control_plane.catalog import Key, LimitType, Principal, Provider, Role, Router, RouterStatus
from control_plane.routers.kinds import ProviderKind
from control_plane.usage.records import Ended
from gateway.observability.tasks import TaskMetrics
from gateway.serving.metering.limits import create_limiter
from gateway.serving.metering.meter import Meter
from gateway.serving.metering.recorder import Recorder
from gateway.serving.metering.settings import LimitSettings, UsageSettings
from gateway.serving.metering.tokens import TokenCounter, load_encoding
from gateway.serving.threads import Threads
from model_repository.manifest import Task

CALLS = 20_000
TEXT = "a galley with three rows of oars sails when the wind is fair and the crew is rested"
ROUTER = Router(1, "m", None, (Task.EMBEDDING,), RouterStatus.READY, ())
PROVIDER = Provider(1, ProviderKind.TRITON, None, total_params=8, active_params=8)
LIMITS = dict.fromkeys(LimitType, 10**9)
CALLER = Key(1, Principal(1, "alice", role=Role(1, "r", limits={1: LIMITS})))


@dataclass(frozen=True)
class Row:
    """Microseconds of processor time a call."""

    bare: float
    metered: float

    @property
    def added(self) -> float:
        return self.metered - self.bare


async def measure(rounds: int) -> Row:
    """Medians over rounds, in turns; four limits, a record and all metrics of each call."""
    threads = Threads("texts", threads=1, queue=1)
    written: list[int] = []

    async def write(calls: Sequence[Ended]) -> None:
        written.append(len(calls))

    recorder = Recorder(write, replace(UsageSettings(), queue=10 * CALLS))
    meter = Meter(
        admit=lambda _router, _task: None,
        counter=TokenCounter(load_encoding("tiktoken_gpt2"), threads),
        limiter=create_limiter(LimitSettings()),
        budgets=_NoBudgets(),
        recorder=recorder,
        metrics=TaskMetrics(CollectorRegistry(), enabled=True),
        records=True,
    )
    writing = asyncio.create_task(recorder.run())
    taken: dict[str, list[float]] = {"bare": [], "metered": []}
    for turn in range(rounds + 1):
        for name, way in (("bare", _bare), ("metered", _metered)):
            begun = time.process_time()
            for _ in range(CALLS):
                await way(meter)
            spent = time.process_time() - begun
            if turn:  # the first turn warms up
                taken[name].append(1e6 * spent / CALLS)
    recorder.stop()
    await writing
    threads.close()
    return Row(median(taken["bare"]), median(taken["metered"]))


async def _work(_provider: Provider) -> None:
    await asyncio.sleep(0)


async def _bare(_meter: Meter) -> None:
    await _work(PROVIDER)


async def _metered(meter: Meter) -> None:
    async with meter.call(CALLER, ROUTER, Task.EMBEDDING, (TEXT,)) as call:
        await call.noting(_work)(PROVIDER)


class _NoBudgets:
    async def reserve(self, account_id: int, call_id: str, millionths: int) -> None:
        raise AssertionError("the model has no price")
