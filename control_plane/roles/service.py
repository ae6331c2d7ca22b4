"""Roles: made, changed, listed and removed, with their permissions and limits."""

from collections.abc import Iterable

from msgspec import UNSET
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.tables import Account
from control_plane.audit.service import Actor, record
from control_plane.catalog import Permission
from control_plane.db.engine import Database
from control_plane.db.generation import touch_catalog
from control_plane.db.types import utc_now
from control_plane.errors import ConflictError, RoleNotFoundError
from control_plane.paging import Page, paged
from control_plane.roles.queries import lock_role, lock_routers, views
from control_plane.roles.schemas import Limit, NewRole, RolePatch, RoleView
from control_plane.roles.tables import Role, RoleLimit, RolePermission

KIND = "role"


class RoleService:
    """The rules of roles; each change is one transaction, in force from the gateways' next look on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, actor: Actor, new: NewRole) -> int:
        """Id of a new role.

        Raises:
            RouterNotFoundError: a limit names a router that is not there.
            ConflictError: the name is taken.

        """
        try:
            async with self._database.session() as session:
                role = Role(name=new.name)
                session.add(role)
                await session.flush()
                assert role.id is not None
                _grant(session, role.id, new.permissions)
                await _limit(session, role.id, new.limits)
                await session.flush()
                await touch_catalog(session)
                (after,) = await views(session, [role])
                record(session, actor, "create", KIND, role.id, after=after)
                return role.id
        except IntegrityError as error:
            raise ConflictError("Role already exists.") from error

    async def list(self, page: Page) -> list[RoleView]:
        """One page of roles."""
        columns = {
            "id": col(Role.id),
            "name": col(Role.name),
            "created": col(Role.created_at),
            "updated": col(Role.updated_at),
        }
        async with self._database.reading() as session:
            return await views(session, list(await session.exec(paged(select(Role), page, columns))))

    async def get(self, role_id: int) -> RoleView:
        """One role.

        Raises:
            RoleNotFoundError: no such role.

        """
        async with self._database.reading() as session:
            role = await session.get(Role, role_id)
            if role is None:
                raise RoleNotFoundError("Role not found.")
            return (await views(session, [role]))[0]

    async def update(self, actor: Actor, role_id: int, patch: RolePatch) -> None:
        """Change what the patch names.

        Raises:
            RoleNotFoundError: no such role.
            RouterNotFoundError: a limit names a router that is not there.
            ConflictError: the name is taken.

        """
        try:
            async with self._database.session() as session:
                role = await lock_role(session, role_id)
                (before,) = await views(session, [role])
                role.updated_at = utc_now()
                if patch.name is not UNSET:
                    role.name = patch.name
                if patch.permissions is not UNSET:
                    await session.exec(delete(RolePermission).where(col(RolePermission.role_id) == role_id))
                    _grant(session, role_id, patch.permissions)
                if patch.limits is not UNSET:
                    await session.exec(delete(RoleLimit).where(col(RoleLimit.role_id) == role_id))
                    await _limit(session, role_id, patch.limits)
                await session.flush()
                await touch_catalog(session)
                (after,) = await views(session, [role])
                record(session, actor, "update", KIND, role_id, before=before, after=after)
        except IntegrityError as error:
            raise ConflictError("Role already exists.") from error

    async def delete(self, actor: Actor, role_id: int) -> None:
        """Remove a role that no account has.

        Raises:
            RoleNotFoundError: no such role.
            ConflictError: accounts have it.

        """
        async with self._database.session() as session:
            role = await lock_role(session, role_id)
            holders = select(Account.id).where(Account.role_id == role_id).limit(1)
            if (await session.exec(holders)).first() is not None:
                raise ConflictError("Delete role with users is not allowed.")
            (before,) = await views(session, [role])
            await session.delete(role)
            await touch_catalog(session)
            record(session, actor, "delete", KIND, role_id, before=before)


def _grant(session: AsyncSession, role_id: int, permissions: Iterable[Permission]) -> None:
    session.add_all([RolePermission(role_id=role_id, permission=permission) for permission in permissions])


async def _limit(session: AsyncSession, role_id: int, limits: tuple[Limit, ...]) -> None:
    await lock_routers(session, {limit.router for limit in limits})
    session.add_all(
        [
            RoleLimit(role_id=role_id, router_id=limit.router, type=limit.type, value=limit.value)
            for limit in limits
        ]
    )
