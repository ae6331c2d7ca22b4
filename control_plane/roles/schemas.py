"""What goes into roles and comes out of them."""

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from control_plane.catalog import LimitType, Permission


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a router an account of the role may use.

    Attributes:
        value: requests or prompt tokens in the type's window, or None for unlimited.

    """

    router: int
    type: LimitType
    value: int | None


class NewRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role to be made; no two limits share router and type."""

    name: str
    permissions: frozenset[Permission] = frozenset()
    limits: tuple[Limit, ...] = ()


class RolePatch(msgspec.Struct, frozen=True, kw_only=True):
    """What shall change; a given collection replaces the old one."""

    name: str | UnsetType = UNSET
    permissions: frozenset[Permission] | UnsetType = UNSET
    limits: tuple[Limit, ...] | UnsetType = UNSET


class RoleView(msgspec.Struct, frozen=True, kw_only=True):
    """A role as people see it, with the number of its accounts."""

    id: int
    name: str
    permissions: list[Permission]
    limits: list[Limit]
    users: int
    created_at: datetime
    updated_at: datetime
