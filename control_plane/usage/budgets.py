"""Budgets that parallel calls cannot overspend, on any number of gateways.

A call is admitted while something of the budget is unreserved, and reserves its worst case, even where that
is more than what is left. Then nothing is unreserved, and nobody is admitted until enough has been given
back. So all calls together pass the budget by no more than the last of them costs.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

import structlog
from sqlalchemy import case, delete, func, insert, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.tables import Account
from control_plane.db.engine import Database
from control_plane.db.errors import DatabaseUnavailableError
from control_plane.db.types import utc_now
from control_plane.errors import InsufficientBudgetError
from control_plane.usage.records import Charge
from control_plane.usage.tables import Reservation

MILLION = 1_000_000
PATIENCE_SECONDS = 5.0
"""How long a call waits for the database before it is refused."""
FORGET_AFTER = timedelta(days=1)
"""How long a charge may come after its reservation's time was over."""

log = structlog.get_logger(__name__)


class BudgetService:
    """Reserves; `settle` takes what a call cost and gives the rest back.

    Args:
        lease_seconds: longer than any call takes.

    """

    def __init__(self, database: Database, *, lease_seconds: float) -> None:
        self._database = database
        self._lease = timedelta(seconds=lease_seconds)

    async def reserve(self, account_id: int, call_id: str, millionths: int) -> None:
        """Hold a part of an account's budget for a call.

        Raises:
            InsufficientBudgetError: nothing of it is unreserved.
            DatabaseUnavailableError: the database does not answer.

        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._database.session() as session:
                if not await _hold(session, account_id, millionths):
                    await _release_lost(session, account_id)
                    if not await _hold(session, account_id, millionths):
                        raise InsufficientBudgetError("Insufficient budget.")
                await session.exec(
                    insert(Reservation).values(
                        call_id=call_id,
                        account_id=account_id,
                        millionths=millionths,
                        expires_at=utc_now() + self._lease,
                    )
                )
        except TimeoutError as error:
            raise DatabaseUnavailableError("the database did not answer in time") from error


async def settle(session: AsyncSession, charges: Iterable[Charge]) -> None:
    """Take what calls cost from their accounts' budgets, down to 0, and give back what they had reserved.

    A charge whose reservation is gone has been taken before.
    """
    costs = {charge.call_id: charge.cost for charge in charges}
    held = (
        await session.exec(
            delete(Reservation)
            .where(col(Reservation.call_id).in_(costs))
            .returning(col(Reservation.call_id), col(Reservation.account_id), col(Reservation.millionths))
        )
    ).all()
    spent: defaultdict[int, float] = defaultdict(float)
    freed: defaultdict[int, int] = defaultdict(int)
    for call_id, account_id, millionths in held:
        spent[account_id] += costs[call_id]
        freed[account_id] += millionths
    for account_id in sorted(spent):  # in one order everywhere, so that writers do not wait for each other
        cost, budget = spent[account_id], col(Account.budget)
        left = func.round((budget - cost) * MILLION) / float(MILLION)
        changes: dict[str, object] = {
            "reserved": col(Account.reserved) - freed[account_id],
            "budget": case((budget > cost, left), (budget.is_not(None), 0.0)),
        }
        if cost:
            changes["updated_at"] = utc_now()
        await session.exec(update(Account).where(col(Account.id) == account_id).values(changes))


async def _hold(session: AsyncSession, account_id: int, millionths: int) -> bool:
    unreserved = func.round(col(Account.budget) * MILLION) > col(Account.reserved)
    held = await session.exec(
        update(Account)
        .where(col(Account.id) == account_id, col(Account.budget).is_(None) | unreserved)
        .values(reserved=col(Account.reserved) + millionths)
    )
    return held.rowcount == 1


async def _release_lost(session: AsyncSession, account_id: int) -> None:
    """Give back what calls hold whose gateway did not live to end them."""
    now = utc_now()
    own = col(Reservation.account_id) == account_id
    over = select(Reservation).where(own, col(Reservation.expires_at) <= now, Reservation.millionths > 0)
    lost = (await session.exec(over.with_for_update())).all()
    await session.exec(delete(Reservation).where(own, col(Reservation.expires_at) <= now - FORGET_AFTER))
    if not lost:
        return
    freed = sum(each.millionths for each in lost)
    await session.exec(
        update(Reservation)
        .where(col(Reservation.call_id).in_([each.call_id for each in lost]))
        .values(millionths=0)
    )
    await session.exec(
        update(Account).where(col(Account.id) == account_id).values(reserved=col(Account.reserved) - freed)
    )
    log.warning("reservations of lost calls released", account=account_id, calls=len(lost))
