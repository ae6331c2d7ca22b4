"""Tables of accounts and keys."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, LargeBinary
from sqlmodel import Field, SQLModel

from control_plane.db.types import UtcDateTime, utc_now

ROOT_ACCOUNT_ID = 0
"""Row of the root account: outside the numbers that the database gives out, which begin with 1."""


class Account(SQLModel, table=True):
    """One identity for every API: who owns models and keys, logs in, and has a role.

    A deleted account stays as an empty row. Its id and its name, which stands in the names of repository
    entries on disk, are therefore never used again.

    Attributes:
        name: owner in the names of repository entries; chosen at the command line, made up for accounts
            that were created over HTTP.
        email: what the account logs in with; None for accounts of the command line until one is set.
        display_name: name of the person, or None.
        password_hash: argon2, with its parameters and salt; None for an account that cannot log in.
        role_id: None for accounts of the command line until one is set: no permissions, and no limits.
        budget: what is left to spend, or None for unlimited.
        reserved: millionths of it that calls in progress hold.
        expires_at: from then on every key of the account is refused.
        priority: of its requests; higher goes first.

    """

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    email: str | None = Field(default=None, unique=True)
    display_name: str | None = None
    password_hash: str | None = None
    organization_id: int | None = Field(default=None, foreign_key="organization.id", index=True)
    role_id: int | None = Field(default=None, foreign_key="role.id", index=True)
    budget: float | None = None
    reserved: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    priority: int = 0
    created_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    deleted_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class ApiKey(SQLModel, table=True):
    """A key as far as it is kept: its digest and its ends, never the secret.

    Attributes:
        prefix: first characters of the secret, for people to tell keys apart.
        suffix: its last characters; empty for keys made before they were kept.
        digest: sha-256 of the secret. A plain hash is enough, because the secret is random and long.
        is_root: set for the one key that comes from the settings.
        revoked_at: ended at the command line; a key that is deleted over HTTP leaves no row.

    """

    __tablename__ = "api_key"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    name: str
    prefix: str = Field(index=True)
    suffix: str = ""
    digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False, unique=True))
    is_root: bool = False
    created_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
