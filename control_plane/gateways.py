"""Which gateways are alive, and which generation each serves: what draining an old version waits for."""

from datetime import datetime, timedelta

from sqlalchemy import Column, delete
from sqlmodel import Field, SQLModel, col, select

from control_plane.db.engine import Database
from control_plane.db.types import UtcDateTime, utc_now

SILENCE = timedelta(seconds=5)
"""A gateway that has not been heard of for this long does not count."""


class Gateway(SQLModel, table=True):
    """One gateway process.

    Attributes:
        id: name that the process gave itself.
        generation: no request of it runs under an older one.

    """

    id: str = Field(primary_key=True)
    generation: int
    seen_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))


async def acknowledge(database: Database, gateway_id: str, generation: int) -> None:
    """Say that no request begun under an older generation is running; repeat it well within `SILENCE`."""
    async with database.session() as session:
        await session.merge(Gateway(id=gateway_id, generation=generation, seen_at=utc_now()))


async def forget(database: Database, gateway_id: str) -> None:
    """Sign off at an orderly stop."""
    async with database.session() as session:
        await session.exec(delete(Gateway).where(col(Gateway.id) == gateway_id))


async def all_acknowledged(database: Database, generation: int) -> bool:
    """Whether every gateway that is alive has left the generations before this one."""
    late = select(Gateway.id).where(Gateway.generation < generation, Gateway.seen_at > utc_now() - SILENCE)
    async with database.reading() as session:
        return (await session.exec(late.limit(1))).first() is None
