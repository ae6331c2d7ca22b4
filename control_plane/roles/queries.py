"""Reading roles within a transaction."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.tables import Account
from control_plane.catalog import LimitType, Permission
from control_plane.errors import RoleNotFoundError, RouterNotFoundError
from control_plane.roles.schemas import Limit, RoleView
from control_plane.roles.tables import Role, RoleLimit, RolePermission
from control_plane.routers.tables import Router


async def permissions_of(session: AsyncSession, role_ids: Iterable[int]) -> dict[int, list[Permission]]:
    """Permissions of roles by role id, in alphabetical order."""
    query = (
        select(RolePermission)
        .where(col(RolePermission.role_id).in_(role_ids))
        .order_by(col(RolePermission.permission))
    )
    found: dict[int, list[Permission]] = defaultdict(list)
    for row in await session.exec(query):
        found[row.role_id].append(row.permission)
    return found


async def limits_of(session: AsyncSession, role_ids: Iterable[int]) -> dict[int, list[Limit]]:
    """Limits of roles by role id, ordered by router and type."""
    query = (
        select(RoleLimit)
        .where(col(RoleLimit.role_id).in_(role_ids))
        .order_by(col(RoleLimit.router_id), col(RoleLimit.type))
    )
    found: dict[int, list[Limit]] = defaultdict(list)
    for row in await session.exec(query):
        found[row.role_id].append(Limit(router=row.router_id, type=LimitType(row.type), value=row.value))
    return found


async def views(session: AsyncSession, roles: list[Role]) -> list[RoleView]:
    """Roles as people see them, in the given order."""
    ids = [role.id for role in roles if role.id is not None]
    permissions = await permissions_of(session, ids)
    limits = await limits_of(session, ids)
    counted = select(Account.role_id, func.count()).where(col(Account.role_id).in_(ids))
    users = dict((await session.exec(counted.group_by(col(Account.role_id)))).all())
    return [
        RoleView(
            id=role.id,
            name=role.name,
            permissions=permissions[role.id],
            limits=limits[role.id],
            users=users.get(role.id, 0),
            created_at=role.created_at,
            updated_at=role.updated_at,
        )
        for role in roles
        if role.id is not None
    ]


async def lock_role(session: AsyncSession, role_id: int, *, shared: bool = False) -> Role:
    """A role that nobody else changes until the transaction ends.

    Args:
        shared: only keep it from being deleted, for an account that is about to refer to it.

    Raises:
        RoleNotFoundError: no such role.

    """
    query = select(Role).where(Role.id == role_id)
    found = (await session.exec(query.with_for_update(read=shared, key_share=shared))).one_or_none()
    if found is None:
        raise RoleNotFoundError("Role not found.")
    return found


async def lock_routers(session: AsyncSession, router_ids: Iterable[int]) -> None:
    """Keep routers from being deleted until the transaction ends.

    Raises:
        RouterNotFoundError: one of them is not there; the message names the lowest.

    """
    wanted = set(router_ids)
    query = select(Router.id).where(col(Router.id).in_(wanted)).order_by(col(Router.id))
    found = set(await session.exec(query.with_for_update(read=True, key_share=True)))
    if missing := wanted - found:
        raise RouterNotFoundError(f"Model router {min(missing)} not found.")
