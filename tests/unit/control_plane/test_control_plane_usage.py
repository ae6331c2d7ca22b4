from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from control_plane.db.engine import Database
from control_plane.usage.records import Ended, UsageRecord
from control_plane.usage.service import UsageFilter, UsageService

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def record(call_id: str, *, seconds: float = 0) -> UsageRecord:
    return UsageRecord(
        call_id=call_id, created_at=NOON.timestamp() + seconds, account_id=1, key_id=2, key_name="laptop",
        router_id=3, router_name="m", provider_id=4, task="embedding", api="opengatellm",
        endpoint="/v1/embeddings", method="POST", status=200, request_id="r", prompt_tokens=5, cost=0.25,
        kwh=1e-7, kgco2eq=1e-8, latency_ms=12.5,
    )  # fmt: skip


def wanted(**changes: object) -> UsageFilter:
    asked = UsageFilter(since=NOON, until=NOON + timedelta(hours=1), limit=100)
    return replace(asked, **changes)


async def write(service: UsageService, *records: UsageRecord) -> None:
    await service.write([Ended(each, None) for each in records])


async def test_the_newest_successful_calls_of_an_account_come_first(database: Database) -> None:
    service = UsageService(database)
    await write(
        service,
        record("first"),
        record("last", seconds=3600),
        record("early", seconds=-0.001),
        record("late", seconds=3600.001),
        replace(record("failed"), status=503),
        replace(record("other"), account_id=9),
        replace(record("chat", seconds=1), endpoint="/v1/chat/completions", ttft_ms=30.5),
    )
    assert [row.call_id for row in await service.page(1, wanted())] == ["last", "chat", "first"]
    (row,) = await service.page(1, wanted(offset=1, limit=1))
    assert (row.call_id, row.ttft_ms, row.created_at) == ("chat", 30.5, NOON + timedelta(seconds=1))
    assert [row.call_id for row in await service.page(1, wanted(endpoint="/v1/chat/completions"))] == ["chat"]
    assert not await service.page(1, wanted(since=NOON + timedelta(hours=2)))


async def test_a_batch_that_comes_again_is_written_once(database: Database) -> None:
    service = UsageService(database)
    await write(service, record("a"), record("b"))
    await write(service, record("a"), record("b"), record("c"))
    assert sorted(row.call_id for row in await service.page(1, wanted())) == ["a", "b", "c"]


async def test_calls_of_the_same_time_keep_their_order(database: Database) -> None:
    service = UsageService(database)
    await write(service, *(record(str(number)) for number in range(9)))
    pages = [await service.page(1, wanted(offset=offset, limit=3)) for offset in (0, 3, 6)]
    assert [row.call_id for page in pages for row in page] == [str(number) for number in range(8, -1, -1)]
