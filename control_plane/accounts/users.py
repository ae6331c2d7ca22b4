"""Users: accounts as administrators handle them over HTTP."""

import secrets
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.passwords import Passwords
from control_plane.accounts.queries import find_user, is_user, view
from control_plane.accounts.schemas import NewUser, UserFilter, UserPatch, UserView
from control_plane.accounts.tables import Account, ApiKey
from control_plane.audit.service import MASK, Actor, record
from control_plane.catalog import MASTER
from control_plane.db.engine import Database
from control_plane.db.generation import touch_catalog
from control_plane.db.types import utc_now
from control_plane.errors import (
    ConflictError,
    ReservedEmailError,
    UserNotFoundError,
    WrongPasswordError,
)
from control_plane.models.removal import remove_owned_models
from control_plane.organizations.service import lock_organization
from control_plane.paging import Page, paged
from control_plane.roles.queries import lock_role
from control_plane.routers.administration import remove_routers_of

KIND = "user"


class UserService:
    """The rules of users; each change is one transaction."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    async def create(self, actor: Actor, new: NewUser) -> int:
        """Id of a new user.

        Raises:
            ReservedEmailError: the e-mail stands for the root account.
            RoleNotFoundError: no such role.
            OrganizationNotFoundError: no such organization.
            ConflictError: the e-mail is taken.

        """
        _check_email(new.email)
        password_hash = await self._passwords.hash(new.password)
        try:
            async with self._database.session() as session:
                await _check_references(session, new.role, new.organization)
                account = Account(
                    name=f"user-{secrets.token_hex(6)}",
                    email=new.email,
                    display_name=new.name,
                    password_hash=password_hash,
                    organization_id=new.organization,
                    role_id=new.role,
                    budget=new.budget,
                    expires_at=new.expires_at,
                    priority=new.priority,
                )
                session.add(account)
                await session.flush()
                assert account.id is not None
                record(session, actor, "create", KIND, account.id, after=view(account))
                return account.id
        except IntegrityError as error:
            raise ConflictError("User already exists.") from error

    async def list(self, page: Page, wanted: UserFilter) -> list[UserView]:
        """One page of the users that pass a filter.

        Raises:
            UserNotFoundError: nobody has the wanted e-mail.

        """
        columns = {
            "id": col(Account.id),
            "name": col(Account.display_name),
            "created": col(Account.created_at),
            "updated": col(Account.updated_at),
        }
        query = select(Account).where(is_user())
        for column, value in (
            (Account.role_id, wanted.role),
            (Account.organization_id, wanted.organization),
            (Account.email, wanted.email),
        ):
            if value is not None:
                query = query.where(column == value)
        async with self._database.reading() as session:
            if wanted.email is not None:
                known = select(Account.id).where(Account.email == wanted.email, is_user())
                if (await session.exec(known)).first() is None:
                    raise UserNotFoundError("User not found.")
            return [view(account) for account in await session.exec(paged(query, page, columns))]

    async def get(self, user_id: int) -> UserView:
        """One user.

        Raises:
            UserNotFoundError: no such user.

        """
        async with self._database.reading() as session:
            return view(await find_user(session, user_id))

    async def update(self, actor: Actor, user_id: int, patch: UserPatch) -> None:
        """Change what the patch names.

        Raises:
            UserNotFoundError: no such user.
            ReservedEmailError: the e-mail stands for the root account.
            RoleNotFoundError: no such role.
            OrganizationNotFoundError: no such organization.
            WrongPasswordError: a current password is given, and is not the present one.
            ConflictError: the e-mail is taken.

        """
        if patch.email is not UNSET:
            _check_email(patch.email)
        proven = await self._prove(user_id, patch)
        new_hash = UNSET if patch.password is UNSET else await self._passwords.hash(patch.password)
        try:
            async with self._database.session() as session:
                account = await find_user(session, user_id, lock=True)
                if proven is not UNSET and account.password_hash != proven:
                    raise WrongPasswordError("Invalid current password.")
                await _check_references(session, patch.role, patch.organization)
                before = view(account)
                for column, value in {**_columns(patch), "password_hash": new_hash}.items():
                    if value is not UNSET:
                        setattr(account, column, value)
                account.updated_at = utc_now()
                await session.flush()
                await touch_catalog(session)
                after = msgspec.structs.asdict(view(account))
                if new_hash is not UNSET:
                    after["password"] = MASK
                record(session, actor, "update", KIND, user_id, before=before, after=after)
        except IntegrityError as error:
            raise ConflictError("User already exists.") from error

    async def delete(self, actor: Actor, user_id: int) -> None:
        """Remove a user with its keys, models, routers and providers.

        An empty row keeps its id and name from being used again.

        Raises:
            UserNotFoundError: no such user.

        """
        async with self._database.session() as session:
            account = await find_user(session, user_id, lock=True)
            before = view(account)
            await session.exec(delete(ApiKey).where(col(ApiKey.account_id) == user_id))
            await remove_routers_of(session, user_id)
            await remove_owned_models(session, user_id)
            account.email = account.display_name = account.password_hash = None
            account.organization_id = account.role_id = account.budget = account.expires_at = None
            account.deleted_at = account.updated_at = utc_now()
            await touch_catalog(session)
            record(session, actor, "delete", KIND, user_id, before=before)

    async def _prove(self, user_id: int, patch: UserPatch) -> Any:
        """Stored hash that the current password matches, or UNSET where none is given."""
        if patch.current_password is UNSET:
            return UNSET
        async with self._database.reading() as session:
            stored = (await find_user(session, user_id)).password_hash
        if not await self._passwords.matches(patch.current_password, stored):
            raise WrongPasswordError("Invalid current password.")
        return stored


def _columns(patch: UserPatch) -> dict[str, Any]:
    """Columns that a patch sets, and to what."""
    return {
        "email": patch.email,
        "display_name": patch.name,
        "role_id": patch.role,
        "organization_id": patch.organization,
        "budget": patch.budget,
        "expires_at": patch.expires_at,
        "priority": patch.priority,
    }


def _check_email(email: str) -> None:
    if email == MASTER:
        raise ReservedEmailError("Reserved email.")


async def _check_references(session: AsyncSession, role_id: Any, organization_id: Any) -> None:
    """Keep the role and the organization that are about to be referred to."""
    if isinstance(role_id, int):
        await lock_role(session, role_id, shared=True)
    if isinstance(organization_id, int):
        await lock_organization(session, organization_id, shared=True)
