"""Accounts by name."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.tables import ROOT_ACCOUNT_ID, Account
from control_plane.db.engine import Database
from control_plane.errors import AccountNotFoundError, InvalidRequestError
from model_repository.layout import GLOBAL_OWNER, check_owner_name

ROOT_ACCOUNT = "root"


class AccountService:
    """Makes accounts at the command line, and finds them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ensure(self, name: str) -> int:
        """Id of the account of that name, which is made if there is none.

        Raises:
            InvalidNameError: the name cannot stand in the name of a repository entry.
            InvalidRequestError: it is the name that stands for the built-in models.

        """
        async with self._database.session() as session:
            return await ensure_account(session, name)

    async def list(self) -> list[str]:
        """Names of all accounts."""
        live = select(Account.name).where(col(Account.deleted_at).is_(None)).order_by(Account.name)
        async with self._database.reading() as session:
            return list(await session.exec(live))

    async def find(self, name: str) -> int:
        """Id of an account by its name or, where no account has that name, its e-mail.

        Raises:
            AccountNotFoundError: no such account.

        """
        async with self._database.reading() as session:
            return await find_account(session, name)


async def ensure_account(session: AsyncSession, name: str) -> int:
    """`AccountService.ensure` within a transaction."""
    known = await _find(session, name)
    if known is not None:
        return known
    if check_owner_name(name) == GLOBAL_OWNER:
        raise InvalidRequestError(f"{GLOBAL_OWNER} stands for the built-in models and cannot be an account")
    account = Account(id=ROOT_ACCOUNT_ID if name == ROOT_ACCOUNT else None, name=name)
    session.add(account)
    await session.flush()
    assert account.id is not None
    return account.id


async def find_account(session: AsyncSession, name: str) -> int:
    """`AccountService.find` within a transaction."""
    account_id = await _find(session, name)
    if account_id is None:
        raise AccountNotFoundError(
            f"account {name} not found", hint="`trireme keys create --account NAME` makes it."
        )
    return account_id


async def _find(session: AsyncSession, name: str) -> int | None:
    named = (col(Account.name) == name) | (col(Account.email) == name)
    query = select(Account.id).where(named, col(Account.deleted_at).is_(None))
    return (await session.exec(query.order_by((col(Account.name) == name).desc()).limit(1))).first()
