"""Table of organizations."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from control_plane.db.types import UtcDateTime, utc_now


class Organization(SQLModel, table=True):
    """A name that accounts are grouped under; an account is in one at most."""

    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
