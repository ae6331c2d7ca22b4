"""What the feed takes over at once, while the rest of a catalogue is still being read."""

import asyncio
from pathlib import Path

import pytest

from control_plane.accounts.keys import KeyService, digest_of
from control_plane.accounts.service import AccountService
from control_plane.catalog import Catalog
from control_plane.catalog_reader import CatalogReader
from control_plane.db.engine import Database
from gateway.catalog_feed import CatalogFeed
from gateway.serving.routing.balancer import Balancer
from gateway.serving.snapshots import Snapshots
from gateway.serving.tokenization import Tokenizers
from model_repository.storage import FolderStorage


async def test_a_revoked_key_is_refused_while_the_catalogue_is_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/state.db")
    await database.upgrade()
    await AccountService(database).ensure("erin")
    keys = KeyService(database)
    revoked, kept = [await keys.create("erin", name) for name in ("revoked", "kept")]
    snapshots, tokenizers = Snapshots(), Tokenizers(threads=1, queue=1)
    feed = CatalogFeed(
        snapshots,
        tokenizers,
        Balancer(),
        database=database,
        storage=FolderStorage(tmp_path / "repository"),
        gateway_id="test",
        interval=3600,
    )
    await feed.refresh()
    before = snapshots.current
    assert {digest_of(key.secret) for key in (revoked, kept)} <= before.keys.keys()

    reading, going_on = asyncio.Event(), asyncio.Event()
    read = CatalogReader.read

    async def slowly(reader: CatalogReader) -> Catalog:
        reading.set()
        await going_on.wait()
        return await read(reader)

    monkeypatch.setattr(CatalogReader, "read", slowly)
    await keys.revoke(revoked.id)
    refreshing = asyncio.create_task(feed.refresh())
    await reading.wait()
    assert snapshots.current.generation == before.generation
    assert snapshots.current.keys.keys() == before.keys.keys() - {digest_of(revoked.secret)}
    going_on.set()
    await refreshing
    assert snapshots.current.generation > before.generation
    feed.stop()
    await feed.run()
    tokenizers.close()
    await database.close()
