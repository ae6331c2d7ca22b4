"""A site moves from SQLite and a folder to PostgreSQL and S3, and serves there as it did here."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from asking import answers, loaded
from site_under_test import Site, until

from control_plane.builds.tables import BuildStatus
from control_plane.db.engine import Database
from control_plane.models.tables import VersionState
from control_plane.uploads.bucket import BucketStore
from model_repository.client import TritonClient
from model_repository.objects.bucket import Bucket
from model_repository.server import EmbeddedTriton
from model_repository.settings import S3Settings, TritonSettings
from model_repository.storage import FolderStorage
from model_repository.storage.bucket import BucketStorage
from model_repository.storage.mirror import Mirror

pytestmark = pytest.mark.integration


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where the embedded default has its database."""
    return f"sqlite+aiosqlite:///{tmp_path}/trireme.db"


def trireme(
    site: Site, s3: S3Settings, database_url: str, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    settings = {
        "TRIREME_DATA": str(site.folder),
        "TRIREME_DATABASE_URL": database_url,
        "TRIREME_S3_BUCKET": s3.bucket,
        "TRIREME_S3_PREFIX": s3.prefix,
        "TRIREME_S3_ENDPOINT_URL": s3.endpoint_url,
        "TRIREME_S3_ACCESS_KEY_ID": s3.access_key_id,
        "TRIREME_S3_SECRET_ACCESS_KEY": s3.secret_access_key,
    }
    return subprocess.run(
        [sys.executable, "-m", "trireme", *arguments],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


async def test_a_site_moves_and_serves_on(site: Site, postgres_url: str, s3_settings: S3Settings) -> None:
    await site.stage()
    async with served(site, site.storage.root) as (server, client), site.working(server.url):
        await until(lambda: is_active(site))
        assert await answers(client, "global.mini.1")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return trireme(site, s3_settings, postgres_url, *arguments)

    sent = site.folder / "uploads" / f"{'0' * 32}.zip"
    sent.parent.mkdir()
    sent.write_bytes(b"a zip")
    away = replace(s3_settings, endpoint_url="http://127.0.0.1:9")
    refused = await asyncio.to_thread(trireme, site, away, postgres_url, "migrate")
    assert refused.returncode == 1
    assert "does not answer" in refused.stderr
    assert s3_settings.secret_access_key not in refused.stderr

    first = await asyncio.to_thread(run, "migrate", "--only", "models")
    assert first.returncode == 0, first.stderr
    moved = await asyncio.to_thread(run, "migrate")
    assert moved.returncode == 0, moved.stderr
    assert "1 models in the bucket" in moved.stderr
    assert "1 uploads in the bucket" in moved.stderr
    assert BucketStore(Bucket(s3_settings), max_bytes=9).open(sent.stem).read() == b"a zip"
    assert "rows in" in moved.stderr
    twice = await asyncio.to_thread(run, "migrate")
    assert twice.returncode == 1
    assert "the target database is not empty" in twice.stderr
    copied = await asyncio.to_thread(run, "mirror", "--once")
    assert copied.returncode == 0, copied.stderr

    copy, bucket = FolderStorage(site.folder / "mirror"), BucketStorage(Bucket(s3_settings), lag_seconds=30)
    assert copy.entries() == ["global.mini.1"]
    database = Database(postgres_url)
    there = Site(site.folder / "there", database, bucket)
    mirroring = asyncio.create_task(Mirror(bucket, copy).keep(0.2))
    try:
        async with served(there, copy.root) as (server, client), there.working(server.url):
            await until(lambda: is_loaded(client, "global.mini.1"))
            assert await answers(client, "global.mini.1")
            second = await there.ended(await there.stage())
            assert second.status is BuildStatus.SUCCEEDED, second.message
            assert await is_loaded(client, "global.mini.2")
    finally:
        mirroring.cancel()
        await asyncio.wait([mirroring])
        await database.close()


@asynccontextmanager
async def served(site: Site, repository: Path) -> AsyncIterator[tuple[EmbeddedTriton, TritonClient]]:
    """A real Triton that reads the folder."""
    server = EmbeddedTriton(
        repository=repository, runtime=site.folder / "triton", settings=TritonSettings(start_seconds=120)
    )
    await server.start()
    client = TritonClient(server.url)
    try:
        yield server, client
    finally:
        await client.close()
        await server.stop()


async def is_active(site: Site) -> bool:
    return (await site.states()).get(1) is VersionState.ACTIVE


async def is_loaded(client: TritonClient, entry: str) -> bool:
    return entry in await loaded(client)
