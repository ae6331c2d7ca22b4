"""Tables of accounts and keys."""

from datetime import datetime

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from control_plane.db.types import UtcDateTime, utc_now


class Account(SQLModel, table=True):
    """Who owns models and keys."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))


class ApiKey(SQLModel, table=True):
    """A key as far as it is kept: its digest and the first characters, never the secret.

    Attributes:
        prefix: first characters of the secret, for people to tell keys apart.
        digest: sha-256 of the secret. A plain hash is enough, because the secret is random and long.
        is_root: set for the one key that comes from the settings.

    """

    __tablename__ = "api_key"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    name: str
    prefix: str = Field(index=True)
    digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False, unique=True))
    is_root: bool = False
    created_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
