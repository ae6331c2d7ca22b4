"""Table of the audit log."""

from datetime import datetime

from sqlalchemy import Column, Text
from sqlmodel import Field, SQLModel

from control_plane.db.types import UtcDateTime, utc_now


class AuditEntry(SQLModel, table=True):
    """One act, written in the transaction that it describes and never changed afterwards.

    It refers to nothing by foreign key, so that it outlives what it is about.

    Attributes:
        actor_id: account that acted (0 is the root account), or None for the command line.
        actor: that account's e-mail or name at the time.
        key_id: the key that it acted with, or None for the command line.
        action: what was done to an object of that kind, such as `create`.
        object: kind of thing that was changed, such as `role`.
        object_id: its id.
        before: JSON object of what it was, with secrets masked, or None where there was nothing.
        after: JSON object of what it became, or None where nothing is left.

    """

    __tablename__ = "audit_entry"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    created_at: datetime = Field(
        default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False, index=True)
    )
    actor_id: int | None = None
    actor: str
    key_id: int | None = None
    action: str
    object: str
    object_id: int
    before: str | None = Field(default=None, sa_column=Column(Text))
    after: str | None = Field(default=None, sa_column=Column(Text))
