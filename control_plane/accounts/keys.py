"""API keys: made once, shown once, kept as a digest."""

import hashlib
import secrets
from datetime import datetime

import msgspec
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.service import ROOT_ACCOUNT, ensure_account, find_account
from control_plane.accounts.tables import Account, ApiKey
from control_plane.audit.service import COMMAND_LINE, record
from control_plane.db.engine import Database
from control_plane.db.generation import touch_catalog
from control_plane.db.types import utc_now
from control_plane.errors import InvalidRequestError, KeyNotFoundError

KIND = "key"
SECRET_BYTES = 32
"""Random bytes in a secret: 256 bits, beyond any search."""
_PREFIX_LENGTH = 10
_SHOWN = 8
"""Characters of either end that a masked key shows; enough of the 43 random ones stay hidden."""


class CreatedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key: the only time that its secret can be read."""

    secret: str
    id: int
    prefix: str


class KeySummary(msgspec.Struct, frozen=True, kw_only=True):
    """A key as people see it afterwards."""

    id: int
    account: str
    name: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def digest_of(secret: str) -> bytes:
    """What is stored of a secret and looked up at each request: its sha-256, 32 bytes."""
    return hashlib.sha256(secret.encode()).digest()


def masked(key: ApiKey) -> str:
    """A key as it may be shown after its creation: both ends, such as `sk-3fQx2…` with three dots between."""
    return f"{key.prefix[:_SHOWN]}...{key.suffix}"


def logged(key: ApiKey) -> dict[str, object]:
    """A key as the audit log keeps it."""
    return {
        "name": key.name,
        "user": key.account_id,
        "token": masked(key),
        "expires_at": key.expires_at,
    }


async def add_key(
    session: AsyncSession, account_id: int, name: str, expires_at: datetime | None
) -> tuple[ApiKey, str]:
    """A new key's row within a transaction, and its secret; gateways see it with the commit."""
    secret = "sk-" + secrets.token_urlsafe(SECRET_BYTES)
    key = ApiKey(
        account_id=account_id,
        name=name,
        prefix=secret[:_PREFIX_LENGTH],
        suffix=secret[-_SHOWN:],
        digest=digest_of(secret),
        expires_at=expires_at,
    )
    session.add(key)
    await session.flush()
    await touch_catalog(session)
    return key, secret


class KeyService:
    """Makes, lists and revokes keys for the command line, whose hand on the database is its right."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, account: str, name: str, expires_at: datetime | None = None) -> CreatedKey:
        """Make a key for an account.

        Raises:
            AccountNotFoundError: no such account.
            InvalidRequestError: the end lies in the past.

        """
        if expires_at is not None and expires_at <= utc_now():
            raise InvalidRequestError(f"the key would have expired at {expires_at.isoformat()} already")
        async with self._database.session() as session:
            key, secret = await add_key(session, await find_account(session, account), name, expires_at)
            assert key.id is not None
            record(session, COMMAND_LINE, "create", KIND, key.id, after=logged(key))
            return CreatedKey(secret=secret, id=key.id, prefix=key.prefix)

    async def list(self) -> list[KeySummary]:
        """All keys in the order in which they were made, the revoked ones too."""
        query = select(ApiKey, Account.name).join(Account).order_by(col(ApiKey.id))
        async with self._database.reading() as session:
            return [_summary(key, account) for key, account in await session.exec(query)]

    async def revoke(self, key: int | str) -> None:
        """End a key, named by its id or its prefix; gateways refuse it from their next poll on.

        Raises:
            KeyNotFoundError: no key, or more than one, answers to this.

        """
        by_id = int(key) if str(key).isdecimal() else -1
        live = col(ApiKey.revoked_at).is_(None)
        named = (col(ApiKey.id) == by_id) | ((col(ApiKey.prefix) == str(key)) & live)
        async with self._database.session() as session:
            found = (await session.exec(select(ApiKey).where(named))).all()
            if len(found) != 1:
                what = f"{len(found)} keys answer to" if found else "no key answers to"
                raise KeyNotFoundError(f"{what} {key}", hint="`trireme keys list` shows ids and prefixes.")
            (revoked,) = found
            if revoked.revoked_at is None:
                assert revoked.id is not None
                record(session, COMMAND_LINE, "revoke", KIND, revoked.id, before=logged(revoked))
                revoked.revoked_at = utc_now()
                await touch_catalog(session)

    async def ensure_root(self, secret: str) -> None:
        """Make `secret` the root key; the root key before it, if it was another, is revoked."""
        async with self._database.session() as session:
            account_id = await ensure_account(session, ROOT_ACCOUNT)
            if not await _replace_root(session, account_id, secret):
                return
            await touch_catalog(session)


async def _replace_root(session: AsyncSession, account_id: int, secret: str) -> bool:
    digest = digest_of(secret)
    key = (await session.exec(select(ApiKey).where(ApiKey.digest == digest))).one_or_none()
    if key is not None and key.is_root and key.revoked_at is None:
        return False
    live = select(ApiKey).where(col(ApiKey.is_root), col(ApiKey.revoked_at).is_(None))
    for old in await session.exec(live):
        assert old.id is not None
        record(session, COMMAND_LINE, "revoke", KIND, old.id, before=logged(old))
        old.revoked_at = utc_now()
    if key is None:
        key = ApiKey(account_id=account_id, name=ROOT_ACCOUNT, prefix=ROOT_ACCOUNT, digest=digest)
        session.add(key)
    key.account_id, key.is_root, key.revoked_at, key.expires_at = account_id, True, None, None
    await session.flush()
    assert key.id is not None
    record(session, COMMAND_LINE, "create", KIND, key.id, after=logged(key))
    return True


def _summary(key: ApiKey, account: str) -> KeySummary:
    assert key.id is not None
    return KeySummary(
        id=key.id,
        account=account,
        name=key.name,
        prefix=key.prefix,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
    )
