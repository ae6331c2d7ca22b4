"""Parallel calls against one budget, on two gateways and a real PostgreSQL."""

import asyncio
import random
import sys
from decimal import Decimal

import pytest

from control_plane.accounts.tables import Account
from control_plane.db.engine import Database
from control_plane.errors import InsufficientBudgetError
from control_plane.usage.budgets import MILLION, BudgetService
from control_plane.usage.records import Charge
from control_plane.usage.service import UsageService
from gateway.serving.metering.recorder import Recorder
from gateway.serving.metering.settings import UsageSettings

pytestmark = pytest.mark.integration

BUDGET = 3_000_000
CALLS = 100
"""Of each gateway."""

READY = b"ready\n"


async def spend(url: str, name: str, account_id: int, seed: int) -> list[int]:
    """Make `CALLS` calls at once, as a gateway does; millionths that each served one cost."""
    database, rng = Database(url), random.Random(seed)
    settings = UsageSettings()
    budgets = BudgetService(database, lease_seconds=60)
    recorder = Recorder(UsageService(database).write, settings)
    writing = asyncio.create_task(recorder.run())
    served: list[int] = []

    async def call(number: int, worst: int, cost: int, seconds: float) -> None:
        try:
            await budgets.reserve(account_id, f"{name}{number}", worst)
        except InsufficientBudgetError:
            return
        await asyncio.sleep(seconds)
        charged = recorder.put(None, Charge(f"{name}{number}", account_id, cost / MILLION))
        assert charged is not None
        await charged
        served.append(cost)

    worst = [rng.randint(1, 120_000) for _ in range(CALLS)]
    calls = [call(n, most, rng.randint(0, most), rng.random() / 20) for n, most in enumerate(worst)]
    await asyncio.gather(*calls)
    recorder.stop()
    await writing
    await database.close()
    return served


async def in_a_process(
    url: str, name: str, account_id: int, seed: int, together: asyncio.Barrier
) -> list[int]:
    command = [sys.executable, __file__, url, name, str(account_id), str(seed)]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == READY
    await together.wait()
    output, _ = await process.communicate(b"go\n")
    assert process.returncode == 0
    return [int(word) for word in output.split()]


@pytest.mark.parametrize("seed", [1, 2])
async def test_200_calls_on_two_gateways_pass_a_budget_by_one_call_at_most(
    postgres_url: str, seed: int
) -> None:
    database = Database(postgres_url)
    await database.upgrade()
    async with database.session() as session:
        account = Account(name="alice", budget=BUDGET / MILLION)
        session.add(account)
        await session.flush()
        assert account.id is not None
    together = asyncio.Barrier(2)
    both = await asyncio.gather(
        *(
            in_a_process(postgres_url, name, account.id, seed * 10 + n, together)
            for n, name in enumerate("ab")
        )
    )
    costs = [cost for served in both for cost in served]
    assert all(both)
    assert len(costs) < 2 * CALLS
    assert sum(costs) - BUDGET < max(costs)
    async with database.reading() as session:
        after = await session.get_one(Account, account.id)
    assert after.reserved == 0
    assert Decimal(str(after.budget)) == max(Decimal(0), Decimal(BUDGET - sum(costs)) / MILLION)
    await database.close()


if __name__ == "__main__":
    url, name, account_id, seed = sys.argv[1:]
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    sys.stdin.readline()
    costs = asyncio.run(spend(url, name, int(account_id), int(seed)))
    sys.stdout.write(" ".join(map(str, costs)))
