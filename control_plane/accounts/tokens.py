"""Keys as administrators and users handle them over HTTP; the API calls them tokens."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.keys import KIND, CreatedKey, add_key, logged, masked
from control_plane.accounts.queries import find_user
from control_plane.accounts.schemas import TokenView
from control_plane.accounts.tables import ROOT_ACCOUNT_ID, ApiKey
from control_plane.audit.service import Actor, record
from control_plane.db.engine import Database
from control_plane.db.generation import touch_catalog
from control_plane.db.types import utc_now
from control_plane.errors import KeyLifetimeError, KeyNotFoundError
from control_plane.paging import Page, paged


class TokenService:
    """The rules of users' keys.

    Args:
        max_days: longest life of a key, or None for no such bound.

    """

    def __init__(self, database: Database, *, max_days: int | None) -> None:
        self._database = database
        self._max_days = max_days

    async def create(self, actor: Actor, user_id: int, name: str, expires_at: datetime | None) -> CreatedKey:
        """Make a key for a user; without an end it lives for ever, or as long as keys may.

        Raises:
            KeyLifetimeError: the end lies beyond what this site allows.
            UserNotFoundError: no such user.

        """
        end = self._end(expires_at)
        async with self._database.session() as session:
            await find_user(session, user_id, lock=True)
            key, secret = await add_key(session, user_id, name, end)
            assert key.id is not None
            record(session, actor, "create", KIND, key.id, after=logged(key))
            return CreatedKey(secret=secret, id=key.id, prefix=key.prefix)

    async def list(self, page: Page, user_id: int | None) -> list[TokenView]:
        """One page of the keys in force, of one user or of all."""
        columns = {"id": col(ApiKey.id), "name": col(ApiKey.name), "created": col(ApiKey.created_at)}
        query = select(ApiKey).where(*_in_force(user_id))
        async with self._database.reading() as session:
            return [_view(key) for key in await session.exec(paged(query, page, columns))]

    async def get(self, key_id: int, user_id: int | None = None) -> TokenView:
        """One key, of one user or of any.

        Raises:
            KeyNotFoundError: no such key, or one that is no longer in force.

        """
        async with self._database.reading() as session:
            return _view(await _find(session, key_id, user_id))

    async def delete(self, actor: Actor, key_id: int, user_id: int | None = None) -> None:
        """End a key, of one user or of any.

        Raises:
            KeyNotFoundError: no such key, or one that is no longer in force.

        """
        async with self._database.session() as session:
            key = await _find(session, key_id, user_id)
            record(session, actor, "delete", KIND, key_id, before=logged(key))
            await session.delete(key)
            await touch_catalog(session)

    def _end(self, expires_at: datetime | None) -> datetime | None:
        if self._max_days is None:
            return expires_at
        last = utc_now() + timedelta(days=self._max_days)
        if expires_at is not None and expires_at > last:
            raise KeyLifetimeError(
                f"Token expiration timestamp cannot be greater than {self._max_days} days from now."
            )
        return expires_at or last


def _in_force(user_id: int | None) -> list[ColumnElement[bool]]:
    """Conditions of the keys that callers can see: not ended, and never the root key."""
    end = col(ApiKey.expires_at)
    owner = col(ApiKey.account_id)
    return [
        col(ApiKey.is_root).is_(False),
        col(ApiKey.revoked_at).is_(None),
        end.is_(None) | (end > utc_now()),
        owner != ROOT_ACCOUNT_ID if user_id is None else owner == user_id,
    ]


async def _find(session: AsyncSession, key_id: int, user_id: int | None) -> ApiKey:
    key = (await session.exec(select(ApiKey).where(ApiKey.id == key_id, *_in_force(user_id)))).one_or_none()
    if key is None:
        raise KeyNotFoundError("Token not found.")
    return key


def _view(key: ApiKey) -> TokenView:
    assert key.id is not None
    return TokenView(
        id=key.id,
        name=key.name,
        token=masked(key),
        user=key.account_id,
        expires_at=key.expires_at,
        created_at=key.created_at,
    )
