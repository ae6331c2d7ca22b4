"""Logging in with e-mail and password: a short-lived key, and the end of the one before."""

from datetime import timedelta

import msgspec
from sqlalchemy import delete
from sqlmodel import col, select

from control_plane.accounts.keys import add_key, digest_of
from control_plane.accounts.passwords import Passwords
from control_plane.accounts.queries import find_user, is_user
from control_plane.accounts.tables import ROOT_ACCOUNT_ID, Account, ApiKey
from control_plane.catalog import MASTER
from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.errors import ExpiredAccountError, UserNotFoundError, WrongPasswordError

SESSION = "playground"
"""Name of the keys that a login makes; web clients look for it."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What a login gives.

    Attributes:
        user_id: account that has logged in, 0 for root.
        secret: key for the session.

    """

    user_id: int
    secret: str


class LoginService:
    """Turns e-mail and password into a key.

    Args:
        session_seconds: how long that key lives.

    """

    def __init__(self, database: Database, passwords: Passwords, *, session_seconds: int) -> None:
        self._database = database
        self._passwords = passwords
        self._session_seconds = session_seconds

    async def log_in(self, email: str, password: str) -> Session:
        """Begin a session; the user's session before it ends.

        An unknown e-mail costs as much work as a wrong password.

        Raises:
            UserNotFoundError: nobody has that e-mail, or the user cannot log in.
            WrongPasswordError: the password is not the user's.
            ExpiredAccountError: the account's time is over.

        """
        if email == MASTER:
            return await self._log_in_root(password)
        async with self._database.reading() as session:
            known = (
                await session.exec(select(Account).where(Account.email == email, is_user()))
            ).one_or_none()
        stored = known.password_hash if known else None
        matches = await self._passwords.matches(password, stored)
        if known is None or known.id is None:
            raise UserNotFoundError("User not found.")
        if stored is None:
            raise UserNotFoundError("Password not set, please contact an administrator.")
        if not matches:
            raise WrongPasswordError("Invalid current password.")
        return await self._begin(known.id, stored)

    async def _begin(self, user_id: int, proven: str) -> Session:
        now = utc_now()
        async with self._database.session() as session:
            account = await find_user(session, user_id, lock=True)
            if account.password_hash != proven:
                raise WrongPasswordError("Invalid current password.")
            if account.expires_at is not None and account.expires_at <= now:
                raise ExpiredAccountError("Invalid API key.")
            earlier = (col(ApiKey.account_id) == user_id) & (col(ApiKey.name) == SESSION)
            await session.exec(delete(ApiKey).where(earlier))
            end = now + timedelta(seconds=self._session_seconds)
            _, secret = await add_key(session, user_id, SESSION, end)
        return Session(user_id=user_id, secret=secret)

    async def _log_in_root(self, password: str) -> Session:
        """The root key proves itself by its digest, which tells nothing about how near a guess is."""
        root = select(ApiKey.id).where(
            ApiKey.digest == digest_of(password), col(ApiKey.is_root), col(ApiKey.revoked_at).is_(None)
        )
        async with self._database.reading() as session:
            if (await session.exec(root)).first() is None:
                raise WrongPasswordError("Invalid current password.")
        return Session(user_id=ROOT_ACCOUNT_ID, secret=password)
