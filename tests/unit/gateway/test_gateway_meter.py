"""A call through the meter: counted, reserved, charged and recorded in a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mini_manifest import MANIFEST
from prometheus_client import CollectorRegistry
from sqlmodel import col, select

from control_plane.accounts.tables import Account
from control_plane.catalog import Key, LimitType, Principal, Provider, Role, Router, RouterStatus
from control_plane.db.engine import Database
from control_plane.db.errors import DatabaseUnavailableError
from control_plane.errors import InsufficientBudgetError
from control_plane.routers.kinds import ProviderKind
from control_plane.usage.budgets import MILLION
from control_plane.usage.records import Charge
from control_plane.usage.tables import Usage
from gateway.observability.tasks import TaskMetrics
from gateway.serving.admission import Admission
from gateway.serving.errors import OverloadedError
from gateway.serving.metering.errors import RateLimitedError
from gateway.serving.metering.meter import CLIENT_LEFT, MODEL_TOKEN
from gateway.serving.threads import IN_PLACE_CHARACTERS
from gateway.serving.tokenization import Tokenizers
from gateway.settings import GatewaySettings
from gateway.wiring.metering import Metering
from model_repository.errors import InferenceError
from model_repository.manifest import Manifest, Task

FREE = Router(7, "m", None, (Task.TEXT_GENERATION,), RouterStatus.READY, ())
PRICED = replace(FREE, prompt_price=100_000.0, completion_price=200_000.0)
"""A tenth for a token read, a fifth for a token written."""
LONG = "Hello world " * IN_PLACE_CHARACTERS
PROVIDER = Provider(3, ProviderKind.TRITON, None, zone="FRA", total_params=8, active_params=8)
BUDGET = 10.0


class Full:
    """Queues of graphs that take nobody; only models with graphs have them."""

    def takes(self, _provider: Provider, _graph: Manifest) -> bool:
        return False


@dataclass
class Site:
    metering: Metering
    tokenizers: Tokenizers
    database: Database
    registry: CollectorRegistry
    caller: Key

    async def call(self, router: Router, *, writes: str = "", fails: Exception | None = None) -> None:
        meter = self.metering.meter
        async with meter.call(self.caller, router, Task.TEXT_GENERATION, ["Hello world"], lambda: 5) as call:
            call.noting(lambda _: None)(PROVIDER)
            if fails is not None:
                raise fails
            if writes:
                call.wrote(writes, 1)

    async def budget(self) -> tuple[float | None, int]:
        async with self.database.reading() as session:
            account = await session.get_one(Account, self.caller.account_id)
            return account.budget, account.reserved

    async def records(self) -> list[Usage]:
        async with self.database.reading() as session:
            return list(await session.exec(select(Usage).order_by(col(Usage.id))))


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/state.db")
    await database.upgrade()
    async with database.session() as session:
        account = Account(name="alice", budget=BUDGET)
        session.add(account)
        await session.flush()
        assert account.id is not None
        principal = Principal(account.id, "alice")
    registry, tokenizers = CollectorRegistry(), Tokenizers(threads=1, queue=1)
    metrics = TaskMetrics(registry, enabled=True)
    metering = Metering.of(GatewaySettings(), database, tokenizers, metrics, Admission(Full()))
    async with metering.running():
        yield Site(metering, tokenizers, database, registry, Key(2, principal, "laptop"))
    tokenizers.close()
    await database.close()


async def stopped(site: Site) -> list[Usage]:
    """Records when all are written."""
    charged = site.metering.recorder.put(None, Charge("behind all others", site.caller.account_id, 0.0))
    assert charged is not None
    await charged
    return await site.records()


async def test_an_answer_comes_when_its_charge_is_taken(site: Site) -> None:
    await site.call(PRICED, writes=" three rows of oars ")
    assert await site.budget() == (pytest.approx(BUDGET - 2 * 0.1 - 5 * 0.2), 0)
    (record,) = await site.records()
    assert (record.prompt_tokens, record.completion_tokens, record.cost) == (2, 5, pytest.approx(1.2))
    assert (record.status, record.key_name, record.router_name, record.provider_id) == (200, "laptop", "m", 3)
    assert record.model_completion_tokens == 1
    assert record.kwh > 0
    assert record.kgco2eq > 0
    assert abs(record.created_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_call_reserves_its_worst_case_while_it_runs(site: Site) -> None:
    meter = site.metering.meter
    async with meter.call(site.caller, PRICED, Task.TEXT_GENERATION, ["Hello world"], lambda: 5):
        assert await site.budget() == (BUDGET, (2 + 2 * 5 * MODEL_TOKEN) * MILLION // 10)
    assert await site.budget() == (pytest.approx(BUDGET - 0.2), 0)


async def test_a_failed_call_costs_nothing(site: Site) -> None:
    with pytest.raises(InferenceError):
        await site.call(PRICED, writes="", fails=InferenceError("broken"))
    assert await site.budget() == (BUDGET, 0)
    (record,) = await site.records()
    assert (record.status, record.cost, record.kwh) == (502, 0, 0)


@pytest.mark.parametrize(("pieces", "cost"), [((), 0.0), (("three", " rows"), 0.6)])
async def test_a_caller_who_leaves_pays_for_what_went_out(
    site: Site, pieces: tuple[str, ...], cost: float
) -> None:
    meter, begun = site.metering.meter, asyncio.Event()

    async def stream() -> None:
        async with meter.call(site.caller, PRICED, Task.TEXT_GENERATION, ["Hello world"], lambda: 5) as call:
            for piece in pieces:
                meter.piece(call, piece, 1)
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stream())
    await begun.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    (record,) = await stopped(site)
    assert (record.status, record.cost) == (CLIENT_LEFT, pytest.approx(cost))
    assert (record.ttft_ms is None) == (not pieces)
    assert await site.budget() == (pytest.approx(BUDGET - cost), 0)


async def test_a_caller_who_leaves_while_budget_is_being_reserved_leaves_nothing_behind(site: Site) -> None:
    for wait in range(0, 12, 2):
        task = asyncio.create_task(site.call(replace(FREE, prompt_price=1.0)))
        await asyncio.sleep(wait / 1000)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    while site.metering.meter._reserving:
        await asyncio.wait(site.metering.meter._reserving)
    await stopped(site)
    assert (await site.budget())[1] == 0


async def test_nothing_left_admits_nobody_and_free_models_do_not_mind(site: Site) -> None:
    for _ in range(9):
        await site.call(PRICED, writes=" three rows of oars ")
    with pytest.raises(InsufficientBudgetError):
        await site.call(PRICED)
    await site.call(FREE)
    assert await site.budget() == (0.0, 0)


async def test_a_model_without_a_price_asks_no_database(site: Site) -> None:
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:9/none")
    tokenizers = Tokenizers(threads=1, queue=1)
    metrics = TaskMetrics(CollectorRegistry(), enabled=True)
    metering = Metering.of(GatewaySettings(), away, tokenizers, metrics, Admission(Full()))
    without = replace(site, metering=metering)
    await without.call(FREE, writes="three")
    with pytest.raises(DatabaseUnavailableError):
        await without.call(PRICED)
    await away.close()
    tokenizers.close()


async def test_the_root_key_is_neither_charged_nor_recorded(site: Site) -> None:
    site.caller = replace(site.caller, is_root=True)
    await site.call(PRICED, writes="three")
    await site.call(FREE)
    assert await stopped(site) == []
    assert await site.budget() == (BUDGET, 0)


async def test_limits_come_before_budgets_and_refusals_are_counted(site: Site) -> None:
    limits = {FREE.id: {**dict.fromkeys(LimitType), LimitType.TOKENS_PER_MINUTE: 3}}
    principal = replace(site.caller.principal, role=Role(1, "r", limits=limits))
    site.caller = replace(site.caller, principal=principal)
    await site.call(PRICED)
    with pytest.raises(RateLimitedError, match=r"^3 input tokens per minute exceeded \(remaining: 0\)\.$"):
        await site.call(PRICED)
    labels = {"router": "m", "task": "text-generation", "api": "", "error": "rate_limited"}
    assert site.registry.get_sample_value("trireme_task_errors_total", labels) == 1
    assert await site.budget() == (pytest.approx(BUDGET - 0.2), 0)


async def test_what_would_wait_too_long_is_refused_before_it_is_counted(site: Site) -> None:
    waits = replace(FREE, tasks=(Task.EMBEDDING,), providers=(replace(PROVIDER, graphs=(MANIFEST,)),))
    limits = {FREE.id: {**dict.fromkeys(LimitType), LimitType.REQUESTS_PER_MINUTE: 1}}
    principal = replace(site.caller.principal, role=Role(1, "r", limits=limits))
    site.caller = replace(site.caller, principal=principal)
    site.tokenizers.close()  # whose threads count long texts
    with pytest.raises(OverloadedError):
        async with site.metering.meter.call(site.caller, waits, Task.EMBEDDING, [LONG]):
            pass
    labels = {"router": "m", "task": "embedding", "api": "", "error": "overloaded"}
    assert site.registry.get_sample_value("trireme_task_errors_total", labels) == 1
    assert await stopped(site) == []
    await site.call(FREE)  # the limit has not counted the other


async def test_metrics_of_a_call(site: Site) -> None:
    await site.call(FREE, writes="three rows")
    await asyncio.sleep(0)  # the answer comes first
    labels = {"router": "m", "provider": "3", "task": "text-generation", "api": ""}
    read = site.registry.get_sample_value
    assert read("trireme_task_seconds_count", labels) == 1
    assert read("trireme_task_tokens_total", {**labels, "type": "prompt"}) == 2
    assert read("trireme_task_tokens_total", {**labels, "type": "completion"}) == 2
    ogl = {"endpoint": "", "model": "m", "status_code": "200"}
    assert read("ogl_inference_requests_total", ogl) == 1
    assert read("ogl_inference_requests_duration_seconds_count", ogl) == 1
    assert read("ogl_inference_tokens_total", {"endpoint": "", "model": "m", "type": "completion"}) == 2
