"""Writes the audit log within the transactions that it describes, and reads it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.audit.tables import AuditEntry
from control_plane.db.engine import Database
from control_plane.paging import Page, paged

MASK = "********"
"""Stands for a secret wherever the log has to say that it was set."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Attributes:
        id: account, 0 for the root account, or None for the command line.
        name: what people know it by.
        key_id: key that it acts with, or None for the command line.

    """

    id: int | None
    name: str
    key_id: int | None = None


COMMAND_LINE = Actor(id=None, name="command line")


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One act as people see it."""

    id: int
    created_at: datetime
    actor_id: int | None
    actor: str
    key_id: int | None
    action: str
    object: str
    object_id: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    kind: str,
    object_id: int,
    *,
    before: object = None,
    after: object = None,
) -> None:
    """Add an entry to the transaction; what is rolled back was never done.

    Args:
        action: such as `create`, `update` or `delete`.
        kind: of object, such as `role`.
        before: struct or mapping of the object before the act, without secrets; None where there was none.
        after: the same after the act; None where nothing is left.

    """
    session.add(
        AuditEntry(
            actor_id=actor.id,
            actor=actor.name,
            key_id=actor.key_id,
            action=action,
            object=kind,
            object_id=object_id,
            before=_json(before),
            after=_json(after),
        )
    )


class AuditService:
    """Reads the log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self,
        page: Page,
        *,
        kind: str | None = None,
        object_id: int | None = None,
        actor_id: int | None = None,
    ) -> list[AuditRecord]:
        """Entries in the wanted order, of one kind, object or actor if wanted."""
        query = select(AuditEntry)
        for column, wanted in (
            (AuditEntry.object, kind),
            (AuditEntry.object_id, object_id),
            (AuditEntry.actor_id, actor_id),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        columns = {"id": col(AuditEntry.id), "created": col(AuditEntry.created_at)}
        async with self._database.reading() as session:
            return [_record(entry) for entry in await session.exec(paged(query, page, columns))]


def _record(entry: AuditEntry) -> AuditRecord:
    assert entry.id is not None
    return AuditRecord(
        id=entry.id,
        created_at=entry.created_at,
        actor_id=entry.actor_id,
        actor=entry.actor,
        key_id=entry.key_id,
        action=entry.action,
        object=entry.object,
        object_id=entry.object_id,
        before=None if entry.before is None else msgspec.json.decode(entry.before),
        after=None if entry.after is None else msgspec.json.decode(entry.after),
    )


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
