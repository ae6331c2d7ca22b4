import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import col, select

from control_plane.accounts.tables import Account
from control_plane.db.engine import Database
from control_plane.db.errors import DatabaseUnavailableError
from control_plane.db.types import utc_now
from control_plane.errors import InsufficientBudgetError
from control_plane.usage.budgets import MILLION, BudgetService, settle
from control_plane.usage.records import Charge
from control_plane.usage.tables import Reservation


async def account(database: Database, budget: float | None) -> int:
    async with database.session() as session:
        made = Account(name=f"a{utc_now().timestamp()}", budget=budget)
        session.add(made)
        await session.flush()
        assert made.id is not None
        return made.id


async def state(database: Database, account_id: int) -> tuple[float | None, int]:
    """Budget and millionths reserved."""
    async with database.reading() as session:
        found = await session.get_one(Account, account_id)
        return found.budget, found.reserved


async def charge(database: Database, *charges: Charge) -> None:
    async with database.session() as session:
        await settle(session, charges)


@pytest.fixture
def budgets(database: Database) -> BudgetService:
    return BudgetService(database, lease_seconds=60)


async def test_settling_takes_the_cost_and_gives_back_the_rest(
    database: Database, budgets: BudgetService
) -> None:
    alice = await account(database, 0.1)
    await budgets.reserve(alice, "a", 90_000)
    await budgets.reserve(alice, "b", 90_000)
    assert await state(database, alice) == (0.1, 180_000)
    with pytest.raises(InsufficientBudgetError, match=r"^Insufficient budget\.$"):
        await budgets.reserve(alice, "c", 1)
    await charge(database, Charge("a", alice, 0.03), Charge("b", alice, 0))
    assert await state(database, alice) == (0.07, 0)


async def test_a_charge_that_comes_again_is_taken_once(database: Database, budgets: BudgetService) -> None:
    alice = await account(database, 1.0)
    await budgets.reserve(alice, "a", 500_000)
    for _ in range(2):
        await charge(database, Charge("a", alice, 0.25))
    assert await state(database, alice) == (0.75, 0)


async def test_the_last_call_may_cost_more_than_was_left(database: Database, budgets: BudgetService) -> None:
    alice = await account(database, 0.000001)
    await budgets.reserve(alice, "a", 2_000_000)
    await charge(database, Charge("a", alice, 1.5))
    assert await state(database, alice) == (0.0, 0)
    with pytest.raises(InsufficientBudgetError):
        await budgets.reserve(alice, "b", 0)


async def test_an_unlimited_budget_stays_unlimited(database: Database, budgets: BudgetService) -> None:
    alice = await account(database, None)
    await budgets.reserve(alice, "a", 10 * MILLION)
    await charge(database, Charge("a", alice, 9.5))
    assert await state(database, alice) == (None, 0)


@pytest.mark.parametrize("budget", [0.0, -1.0])
async def test_nothing_left_admits_nobody(database: Database, budgets: BudgetService, budget: float) -> None:
    with pytest.raises(InsufficientBudgetError):
        await budgets.reserve(await account(database, budget), "a", 0)


async def test_a_lost_call_holds_budget_until_its_time_is_over(
    database: Database, budgets: BudgetService
) -> None:
    alice = await account(database, 1.0)
    await budgets.reserve(alice, "lost", 5 * MILLION)
    with pytest.raises(InsufficientBudgetError):
        await budgets.reserve(alice, "a", 1)
    async with database.session() as session:
        await session.exec(update(Reservation).values(expires_at=utc_now() - timedelta(seconds=1)))
    await budgets.reserve(alice, "a", 1)
    assert await state(database, alice) == (1.0, 1)
    await charge(database, Charge("lost", alice, 0.25))  # it was slow, not dead
    assert await state(database, alice) == (0.75, 1)


async def test_parallel_releases_give_back_once(database: Database, budgets: BudgetService) -> None:
    alice = await account(database, 1.0)
    await BudgetService(database, lease_seconds=-1).reserve(alice, "lost", 5 * MILLION)
    await asyncio.gather(*(budgets.reserve(alice, f"c{number}", 1000) for number in range(8)))
    assert await state(database, alice) == (1.0, 8000)


async def test_a_long_forgotten_reservation_is_removed(database: Database, budgets: BudgetService) -> None:
    alice = await account(database, 0.0)
    async with database.session() as session:
        then = utc_now() - timedelta(days=2)
        session.add(Reservation(call_id="old", account_id=alice, millionths=0, expires_at=then))
    with pytest.raises(InsufficientBudgetError):
        await budgets.reserve(alice, "a", 1)
    await budgets.reserve(await account(database, 1.0), "b", 1)
    async with database.reading() as session:
        left = await session.exec(select(Reservation.call_id).order_by(col(Reservation.call_id)))
        assert list(left) == ["b", "old"]  # a refused call changes nothing


async def test_without_a_database_no_priced_call_is_admitted() -> None:
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:9/none")
    with pytest.raises(DatabaseUnavailableError):
        await BudgetService(away, lease_seconds=60).reserve(1, "a", 1)
    await away.close()


CALLS = st.lists(st.tuples(st.integers(0, 400_000), st.floats(0, 1), st.booleans()), min_size=1, max_size=25)
"""Millionths of the worst case, share of it that is spent, whether the oldest call ends first."""


@given(budget=st.integers(0, 1_000_000), calls=CALLS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_spending_passes_a_budget_by_less_than_its_last_call(
    database: Database, budgets: BudgetService, budget: int, calls: list[tuple[int, float, bool]]
) -> None:
    alice = await account(database, budget / MILLION)
    running: list[tuple[str, int]] = []
    spent = [0]

    async def end(position: int) -> None:
        call_id, cost = running.pop(position)
        await charge(database, Charge(call_id, alice, cost / MILLION))
        spent.append(cost)

    for number, (worst, share, oldest) in enumerate(calls):
        call_id = f"{alice}-{number}"
        try:
            await budgets.reserve(alice, call_id, worst)
        except InsufficientBudgetError:
            if running:
                await end(0 if oldest else -1)
        else:
            running.append((call_id, int(worst * share)))
    while running:
        await end(0)
    left, reserved = await state(database, alice)
    assert reserved == 0
    assert left == pytest.approx(max(0, budget - sum(spent)) / MILLION, abs=1e-9)
    assert sum(spent) - budget <= max(spent)
