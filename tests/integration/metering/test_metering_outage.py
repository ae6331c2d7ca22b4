"""Calls that end while a real database is gone: kept up to the bound, and written when it is back."""

import asyncio
import time

import pytest
from databases import postgresql_database
from postgresql import PostgresServer
from sqlalchemy import func
from sqlmodel import col, select

from control_plane.accounts.tables import Account
from control_plane.db.engine import Database
from control_plane.usage.budgets import BudgetService
from control_plane.usage.records import Charge, UsageRecord
from control_plane.usage.service import UsageService
from control_plane.usage.tables import Usage
from gateway.serving.metering.recorder import Recorder
from gateway.serving.metering.settings import UsageSettings

pytestmark = pytest.mark.integration

BOUND = 50


def record(account_id: int, number: int) -> UsageRecord:
    return UsageRecord(
        call_id=str(number), created_at=time.time(), account_id=account_id, key_id=1, key_name="",
        router_id=1, router_name="", provider_id=1, task="", api="", endpoint="", method="", status=200,
        request_id="",
    )  # fmt: skip


async def turn() -> None:
    await asyncio.sleep(0.01)


async def test_nothing_below_the_bound_is_lost_while_the_database_is_gone(
    mortal_postgres: PostgresServer,
) -> None:
    database = Database(postgresql_database(mortal_postgres.address))
    await database.upgrade()
    async with database.session() as session:
        account = Account(name="alice", budget=1.0)
        session.add(account)
        await session.flush()
        assert account.id is not None
    await BudgetService(database, lease_seconds=600).reserve(account.id, "paid", 500_000)
    recorder = Recorder(UsageService(database).write, UsageSettings(queue=BOUND, interval=0.05))
    writing = asyncio.create_task(recorder.run())

    for number in range(10):
        recorder.put(record(account.id, number), None)
    while len(recorder):
        await turn()
    await asyncio.to_thread(mortal_postgres.stop)
    for number in range(10, 10 + BOUND + 20):
        recorder.put(record(account.id, number), None)
    charged = recorder.put(None, Charge("paid", account.id, 0.25))
    assert charged is not None
    while not recorder.failing:
        await turn()
    assert recorder.failing == f"usage cannot be written: {BOUND + 1} calls wait, 20 have been dropped"
    await asyncio.to_thread(mortal_postgres.start)
    await charged
    while len(recorder):
        await turn()
    assert not recorder.failing

    async with database.reading() as session:
        written = (await session.exec(select(func.count(col(Usage.id))))).one()
        left = (await session.get_one(Account, account.id)).budget
    assert (written, recorder.dropped, left) == (10 + BOUND, 20, 0.75)
    recorder.stop()
    await writing
    await database.close()
