"""Records of calls: written in batches, read in pages."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import structlog
from sqlalchemy import insert
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import col, select

from control_plane.db.engine import Database
from control_plane.usage.budgets import settle
from control_plane.usage.records import Ended, UsageRecord
from control_plane.usage.tables import Usage

log = structlog.get_logger(__name__)


class UsageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which of an account's calls are wanted: successful ones, newest first.

    Attributes:
        since: earliest time, included.
        until: latest time, included.
        endpoint: path of a route, or None for all.

    """

    since: datetime
    until: datetime
    endpoint: str | None = None
    offset: int = 0
    limit: int = 10


class UsageService:
    """The one writer and reader of usage."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, calls: Sequence[Ended]) -> None:
        """Charge calls and keep their records; doing it again with the same calls changes nothing."""
        charges = [call.charge for call in calls if call.charge is not None]
        if charges:
            async with self._database.session() as session:
                await settle(session, charges)
        records = [call.record for call in calls if call.record is not None]
        if not records:
            return
        try:
            await self._insert(records)
        except IntegrityError:
            await self._insert(await self._unknown(records))
        except DataError:
            # Trying again would not help, and would hold up all that come after.
            log.exception("usage cannot be written", records=len(records))

    async def page(self, account_id: int, wanted: UsageFilter) -> Sequence[Usage]:
        """One page of an account's successful calls, newest first."""
        query = select(Usage).where(
            Usage.account_id == account_id,
            col(Usage.created_at).between(wanted.since, wanted.until),
            col(Usage.status).between(200, 299),
        )
        if wanted.endpoint is not None:
            query = query.where(Usage.endpoint == wanted.endpoint)
        newest = query.order_by(col(Usage.created_at).desc(), col(Usage.id).desc())
        async with self._database.reading() as session:
            return (await session.exec(newest.offset(wanted.offset).limit(wanted.limit))).all()

    async def _insert(self, records: Sequence[UsageRecord]) -> None:
        if records:
            async with self._database.session() as session:
                await session.exec(insert(Usage), params=[_row(record) for record in records])

    async def _unknown(self, records: Sequence[UsageRecord]) -> list[UsageRecord]:
        """Those that an earlier try has not written: its answer may have been lost after its commit."""
        ids = [record.call_id for record in records]
        async with self._database.reading() as session:
            known = set(await session.exec(select(Usage.call_id).where(col(Usage.call_id).in_(ids))))
        return [record for record in records if record.call_id not in known]


def _row(record: UsageRecord) -> dict[str, object]:
    return msgspec.structs.asdict(record) | {"created_at": datetime.fromtimestamp(record.created_at, UTC)}
