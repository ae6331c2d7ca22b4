import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from control_plane.usage.records import Charge, Ended, UsageRecord
from gateway.serving.metering.recorder import Recorder
from gateway.serving.metering.settings import UsageSettings


def record(number: int) -> UsageRecord:
    return UsageRecord(
        call_id=str(number), created_at=0, account_id=1, key_id=1, key_name="", router_id=1, router_name="",
        provider_id=1, task="", api="", endpoint="", method="", status=200, request_id="",
    )  # fmt: skip


class Table:
    """Where calls are written, unless it is away."""

    def __init__(self) -> None:
        self.calls: list[Ended] = []
        self.here = asyncio.Event()
        self.here.set()
        self.tried = asyncio.Event()

    async def write(self, calls: Sequence[Ended]) -> None:
        self.tried.set()
        if not self.here.is_set():
            raise OSError("away")
        self.calls += calls


@asynccontextmanager
async def running(table: Table, settings: UsageSettings) -> AsyncIterator[Recorder]:
    recorder = Recorder(table.write, settings)
    task = asyncio.create_task(recorder.run())
    yield recorder
    recorder.stop()
    await task


async def test_a_charge_is_written_at_once_and_tells_when() -> None:
    table = Table()
    async with running(table, UsageSettings(interval=3600)) as recorder:
        charged = recorder.put(record(1), Charge("1", 1, 0.5))
        assert charged is not None
        await charged
        assert [call.charge for call in table.calls] == [Charge("1", 1, 0.5)]


async def test_records_wait_for_the_interval_and_are_written_at_the_stop() -> None:
    table = Table()
    async with running(table, UsageSettings(interval=3600)) as recorder:
        assert [recorder.put(record(number), None) for number in range(1200)] == [None] * 1200
    assert [call.record.call_id for call in table.calls if call.record] == [str(n) for n in range(1200)]


async def test_an_outage_drops_records_beyond_the_bound_and_never_a_charge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.serving.metering.recorder.RETRY_SECONDS", 0.01)
    table = Table()
    table.here.clear()
    async with running(table, UsageSettings(interval=0.01, queue=10)) as recorder:
        for number in range(25):
            recorder.put(record(number), None)
        charged = recorder.put(record(25), Charge("25", 1, 0.5))
        await table.tried.wait()
        assert (len(recorder), recorder.dropped) == (11, 16)
        assert recorder.failing == "usage cannot be written: 11 calls wait, 16 have been dropped"
        table.here.set()
        assert charged is not None
        await charged
        assert not recorder.failing
        assert len(recorder) == 0
    assert len(table.calls) == 11


async def test_nothing_to_write_is_not_taken_over() -> None:
    recorder = Recorder(Table().write, UsageSettings())
    assert recorder.put(None, None) is None
    assert len(recorder) == 0
