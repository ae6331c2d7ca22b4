"""Reading users within a transaction: the accounts that are neither root nor deleted."""

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.schemas import UserView
from control_plane.accounts.tables import ROOT_ACCOUNT_ID, Account
from control_plane.errors import UserNotFoundError


def is_user() -> ColumnElement[bool]:
    """Whether an account is a user: neither root nor deleted."""
    return (col(Account.id) != ROOT_ACCOUNT_ID) & col(Account.deleted_at).is_(None)


async def find_user(session: AsyncSession, user_id: int, *, lock: bool = False) -> Account:
    """A user's row.

    Args:
        lock: let nobody else change it until the transaction ends.

    Raises:
        UserNotFoundError: no such user.

    """
    query = select(Account).where(Account.id == user_id, is_user())
    found = (await session.exec(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise UserNotFoundError("User not found.")
    return found


def view(account: Account) -> UserView:
    """An account as people see it."""
    assert account.id is not None
    return UserView(
        id=account.id,
        email=account.email or account.name,
        name=account.display_name,
        role=account.role_id,
        organization=account.organization_id,
        budget=account.budget,
        expires_at=account.expires_at,
        priority=account.priority,
        created_at=account.created_at,
        updated_at=account.updated_at,
    )
