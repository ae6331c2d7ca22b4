"""What goes into users and comes out of them."""

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    """An account to be made over HTTP."""

    email: str
    password: str
    role: int
    name: str | None = None
    organization: int | None = None
    budget: float | None = None
    expires_at: datetime | None = None
    priority: int = 0


class UserPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What shall change: an unset field stays, None clears.

    Attributes:
        password: new one.
        current_password: if given, it must be the present one.

    """

    email: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    password: str | UnsetType = UNSET
    current_password: str | UnsetType = UNSET
    role: int | UnsetType = UNSET
    organization: int | UnsetType | None = UNSET
    budget: float | UnsetType | None = UNSET
    expires_at: datetime | UnsetType | None = UNSET
    priority: int | UnsetType = UNSET


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """An account as people see it.

    Attributes:
        email: e-mail, or the account's name where it has none.
        role: None for an account of the command line that has none.

    """

    id: int
    email: str
    name: str | None
    role: int | None
    organization: int | None
    budget: float | None
    expires_at: datetime | None
    priority: int
    created_at: datetime
    updated_at: datetime


class UserFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts a list holds; None for no condition."""

    role: int | None = None
    organization: int | None = None
    email: str | None = None


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A key as people see it after its creation.

    Attributes:
        token: both ends of its secret.

    """

    id: int
    name: str
    token: str
    user: int
    expires_at: datetime | None
    created_at: datetime
