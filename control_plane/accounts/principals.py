"""The keys of the gateways' snapshot, with the accounts and roles behind them.

Columns are read instead of objects: there may be ten thousand keys and some hundred thousand limits.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from sqlalchemy import String, cast, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane import catalog
from control_plane.accounts.tables import Account, ApiKey
from control_plane.catalog import Key, LimitType, Permission, Principal
from control_plane.roles.tables import Role, RoleLimit, RolePermission

Limits = Mapping[int, Mapping[LimitType, int | None]]
_TYPES = {kind.value: kind for kind in LimitType}

_KEYS = select(
    col(ApiKey.digest),
    col(ApiKey.id),
    col(ApiKey.account_id),
    col(ApiKey.name),
    col(ApiKey.expires_at),
    col(ApiKey.is_root),
).where(col(ApiKey.revoked_at).is_(None))

_ACCOUNTS = select(
    col(Account.id),
    col(Account.name),
    col(Account.email),
    col(Account.role_id),
    col(Account.organization_id),
    col(Account.expires_at),
    col(Account.priority),
).where(col(Account.deleted_at).is_(None))


async def read_keys(session: AsyncSession) -> dict[bytes, Key]:
    """Every key that was not revoked, by digest; its end is compared with the clock at each request."""
    connection = await session.connection()
    principals = await _principals(connection)
    return {
        digest: Key(key_id, principals[account_id], name, _posix(expires_at), is_root)
        for digest, key_id, account_id, name, expires_at, is_root in await connection.execute(_KEYS)
        if key_id is not None
    }


async def live_digests(session: AsyncSession) -> frozenset[bytes]:
    """Digests of every key that was not revoked."""
    live = select(col(ApiKey.digest)).where(col(ApiKey.revoked_at).is_(None))
    return frozenset((await (await session.connection()).execute(live)).scalars())


async def _principals(connection: AsyncConnection) -> dict[int, Principal]:
    roles = await _roles(connection)
    rows = await connection.execute(_ACCOUNTS)
    return {
        account_id: Principal(
            id=account_id,
            name=name,
            label=email or name,
            role=roles[role_id] if role_id is not None else None,
            organization_id=organization_id,
            expires_at=_posix(expires_at),
            priority=priority,
        )
        for account_id, name, email, role_id, organization_id, expires_at, priority in rows
        if account_id is not None
    }


async def _roles(connection: AsyncConnection) -> dict[int, catalog.Role]:
    permissions: dict[int, set[Permission]] = defaultdict(set)
    granted = select(col(RolePermission.role_id), col(RolePermission.permission))
    for role_id, permission in await connection.execute(granted):
        permissions[role_id].add(permission)
    limits = await _limits(connection)
    return {
        role_id: catalog.Role(role_id, name, frozenset(permissions[role_id]), limits.get(role_id, {}))
        for role_id, name in await connection.execute(select(col(Role.id), col(Role.name)))
        if role_id is not None
    }


async def _limits(connection: AsyncConnection) -> dict[int, Limits]:
    """Limits by role, which the database joins to one text a role: far fewer rows travel."""
    value = func.coalesce(cast(RoleLimit.value, String), "")
    written = cast(RoleLimit.router_id, String) + ":" + type_coerce(RoleLimit.type, String) + ":" + value
    role_id = col(RoleLimit.role_id)
    joined = select(role_id, func.aggregate_strings(written, ",")).group_by(role_id)
    return {role: _parse(text) for role, text in await connection.execute(joined)}


@lru_cache(maxsize=1024)
def _parse(text: str) -> Limits:
    """`ROUTER:TYPE:VALUE,…` as a mapping; an empty value is unlimited.

    Remembered, because from one reading to the next the limits of most roles stay as they were.
    """
    limits: dict[int, dict[LimitType, int | None]] = {}
    for item in text.split(","):
        router, kind, value = item.split(":")
        limits.setdefault(int(router), {})[_TYPES[kind]] = int(value) if value else None
    return limits


def _posix(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
