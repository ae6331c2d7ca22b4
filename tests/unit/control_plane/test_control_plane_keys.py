"""Keys: shown once, kept as a digest, gone when revoked."""

from datetime import timedelta

import pytest
from sqlmodel import select

from control_plane.accounts.keys import KeyService, digest_of
from control_plane.accounts.service import AccountService
from control_plane.accounts.tables import ApiKey
from control_plane.audit.service import AuditService
from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.errors import AccountNotFoundError, InvalidRequestError, KeyNotFoundError
from control_plane.paging import Page
from control_plane.snapshot import read_catalog, read_generation
from model_repository.layout import InvalidNameError


@pytest.fixture
async def keys(database: Database) -> KeyService:
    await AccountService(database).ensure("acme")
    return KeyService(database)


async def test_a_key_is_usable_until_it_is_revoked(database: Database, keys: KeyService):
    created = await keys.create("acme", "laptop")
    found = (await read_catalog(database)).keys[digest_of(created.secret)]
    assert (found.id, found.account_name, found.expires_at) == (created.id, "acme", None)
    await keys.revoke(created.prefix)
    assert (await read_catalog(database)).keys == {}
    assert (await keys.list())[0].revoked_at is not None


async def test_the_secret_is_random_and_nowhere_kept(database: Database, keys: KeyService):
    first, second = await keys.create("acme", "one"), await keys.create("acme", "two")
    assert first.secret != second.secret
    assert first.secret.startswith("sk-")
    assert len(first.secret) >= 3 + 43  # 256 bits in base64
    assert first.secret not in repr(await keys.list())
    async with database.reading() as session:
        rows = [row.model_dump() for row in await session.exec(select(ApiKey))]
    assert first.secret not in repr(rows)
    assert len(first.prefix) < 12


async def test_an_end_in_the_snapshot(database: Database, keys: KeyService):
    until = utc_now() + timedelta(hours=1)
    created = await keys.create("acme", "short", until)
    assert (await read_catalog(database)).keys[digest_of(created.secret)].expires_at == until.timestamp()


async def test_what_cannot_be(keys: KeyService, database: Database):
    with pytest.raises(AccountNotFoundError):
        await keys.create("nobody", "x")
    with pytest.raises(InvalidRequestError):
        await keys.create("acme", "x", utc_now() - timedelta(seconds=1))
    with pytest.raises(KeyNotFoundError):
        await keys.revoke("sk-unknown")
    with pytest.raises(KeyNotFoundError):
        await keys.revoke(99)
    with pytest.raises(InvalidNameError):
        await AccountService(database).ensure("a.b")
    with pytest.raises(InvalidRequestError):
        await AccountService(database).ensure("global")


async def test_a_changed_root_secret_replaces_the_old_one(database: Database, keys: KeyService):
    await keys.ensure_root("first-secret")
    generation = await read_generation(database)
    await keys.ensure_root("first-secret")
    assert await read_generation(database) == generation
    await keys.ensure_root("second-secret")
    catalog = await read_catalog(database)
    assert set(catalog.keys) == {digest_of("second-secret")}
    await keys.ensure_root("first-secret")
    assert set((await read_catalog(database)).keys) == {digest_of("first-secret")}
    entries = await AuditService(database).list(Page(), kind="key")
    assert [each.action for each in entries] == ["create", "revoke", "create", "revoke", "create"]
    assert "first-secret" not in repr(entries)


async def test_the_generation_rises_with_every_visible_change_and_no_other(
    database: Database, keys: KeyService
):
    start = await read_generation(database)
    created = await keys.create("acme", "x")
    assert await read_generation(database) == start + 1
    await keys.revoke(created.id)
    assert await read_generation(database) == start + 2
    await keys.revoke(created.id)
    await keys.list()
    await AccountService(database).ensure("other")
    assert await read_generation(database) == start + 2
