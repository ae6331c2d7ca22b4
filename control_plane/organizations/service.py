"""Organizations: made, renamed, listed and removed."""

from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.tables import Account
from control_plane.audit.service import Actor, record
from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.errors import ConflictError, OrganizationNotFoundError
from control_plane.organizations.tables import Organization
from control_plane.paging import Page, paged

KIND = "organization"


class OrganizationView(msgspec.Struct, frozen=True, kw_only=True):
    """An organization as people see it, with the number of its accounts."""

    id: int
    name: str
    users: int
    created_at: datetime
    updated_at: datetime


class OrganizationService:
    """The rules of organizations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, actor: Actor, name: str) -> int:
        """Id of a new organization.

        Raises:
            ConflictError: the name is taken.

        """
        try:
            async with self._database.session() as session:
                organization = Organization(name=name)
                session.add(organization)
                await session.flush()
                assert organization.id is not None
                record(session, actor, "create", KIND, organization.id, after={"name": name})
                return organization.id
        except IntegrityError as error:
            raise ConflictError("Organization already exists.") from error

    async def list(self, page: Page) -> list[OrganizationView]:
        """One page of organizations."""
        columns = {
            "id": col(Organization.id),
            "name": col(Organization.name),
            "created": col(Organization.created_at),
            "updated": col(Organization.updated_at),
        }
        query = paged(select(Organization, _users()), page, columns)
        async with self._database.reading() as session:
            return [_view(row, users) for row, users in await session.exec(query)]

    async def get(self, organization_id: int) -> OrganizationView:
        """One organization.

        Raises:
            OrganizationNotFoundError: no such organization.

        """
        query = select(Organization, _users()).where(Organization.id == organization_id)
        async with self._database.reading() as session:
            found = (await session.exec(query)).one_or_none()
        if found is None:
            raise OrganizationNotFoundError("Organization not found.")
        return _view(*found)

    async def rename(self, actor: Actor, organization_id: int, name: str | None) -> None:
        """Give an organization another name; None leaves it as it is.

        Raises:
            OrganizationNotFoundError: no such organization.
            ConflictError: the name is taken.

        """
        try:
            async with self._database.session() as session:
                organization = await lock_organization(session, organization_id)
                before = {"name": organization.name}
                if name is not None:
                    organization.name = name
                organization.updated_at = utc_now()
                after = {"name": organization.name}
                record(session, actor, "update", KIND, organization_id, before=before, after=after)
        except IntegrityError as error:
            raise ConflictError("Organization name already taken. Please, choose another one.") from error

    async def delete(self, actor: Actor, organization_id: int) -> None:
        """Remove an organization that nobody is in.

        Raises:
            OrganizationNotFoundError: no such organization.
            ConflictError: accounts are in it.

        """
        async with self._database.session() as session:
            organization = await lock_organization(session, organization_id)
            members = select(Account.id).where(Account.organization_id == organization_id).limit(1)
            if (await session.exec(members)).first() is not None:
                raise ConflictError("Delete organization with users is not allowed.")
            await session.delete(organization)
            record(session, actor, "delete", KIND, organization_id, before={"name": organization.name})


async def lock_organization(
    session: AsyncSession, organization_id: int, *, shared: bool = False
) -> Organization:
    """An organization that nobody else changes until the transaction ends.

    Args:
        shared: only keep it from being deleted, for a row that is about to refer to it.

    Raises:
        OrganizationNotFoundError: no such organization.

    """
    query = select(Organization).where(Organization.id == organization_id)
    found = (await session.exec(query.with_for_update(read=shared, key_share=shared))).one_or_none()
    if found is None:
        raise OrganizationNotFoundError("Organization not found.")
    return found


def _users() -> ColumnElement[int]:
    members = select(func.count()).where(Account.organization_id == Organization.id)
    return members.correlate(Organization).scalar_subquery()


def _view(row: Organization, users: int) -> OrganizationView:
    assert row.id is not None
    return OrganizationView(
        id=row.id, name=row.name, users=users, created_at=row.created_at, updated_at=row.updated_at
    )
