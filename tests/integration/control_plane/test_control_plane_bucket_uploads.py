"""Zips sent to a real S3 server: noticed, out of reach of their URL, built, served by Triton, removed."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from asking import loaded
from site_under_test import Site, until
from sqlmodel import select

from control_plane.accounts.service import AccountService
from control_plane.builds.tables import BuildStatus
from control_plane.db.types import utc_now
from control_plane.settings import UploadSettings
from control_plane.uploads import bucket as uploads_in_bucket
from control_plane.uploads.bucket import BucketStore
from control_plane.uploads.service import UploadService
from control_plane.uploads.sweeping import LATE, UploadSweeper
from control_plane.uploads.tables import Upload, UploadState
from model_repository.client import TritonClient
from model_repository.objects.bucket import Bucket
from model_repository.server import EmbeddedTriton
from model_repository.settings import S3Settings, TritonSettings
from model_repository.storage import FolderStorage
from model_repository.storage.bucket import BucketStorage
from model_repository.storage.mirror import Mirror

pytestmark = pytest.mark.integration


@dataclass
class Uploads:
    """An account whose uploads go to the bucket, and the worker's part that looks after them."""

    site: Site
    bucket: Bucket
    account: int
    max_bytes: int = 1_000_000

    @property
    def store(self) -> BucketStore:
        return BucketStore(self.bucket, max_bytes=self.max_bytes)

    async def issue(self, seconds: int = 3600) -> tuple[str, str]:
        """URL and id of a new ticket."""
        service = UploadService(self.site.database, self.store, UploadSettings(url_seconds=seconds))
        url = await service.issue(self.account, "mine", "http://gateway")
        (upload,) = [row.id for row in await self.rows() if row.id in url]
        return url, upload

    async def sweep(self) -> None:
        """As another worker would, that has listed nothing yet."""
        await UploadSweeper(self.site.database, self.store).sweep()

    async def rows(self) -> list[Upload]:
        async with self.site.database.reading() as session:
            return list(await session.exec(select(Upload)))

    def keys(self) -> list[str]:
        return [listed.key for listed in self.bucket.list("uploads/")]


@pytest.fixture
async def alice(site: Site, s3_settings: S3Settings) -> Uploads:
    return Uploads(site, Bucket(s3_settings), await AccountService(site.database).ensure("alice"))


def custom_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("config.json", json.dumps({"description": "echoes", "tasks": ["custom"]}))
        archive.writestr("requirements.txt", "")
        archive.writestr("inference.py", "x = 1")
    return buffer.getvalue()


def zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, f"top/{path.relative_to(folder)}")
    return buffer.getvalue()


async def put(url: str, content: bytes) -> int:
    async with httpx.AsyncClient() as author:
        return (await author.put(url, content=content)).status_code


async def test_what_arrives_is_noticed_once_and_out_of_reach_of_its_url(alice: Uploads) -> None:
    sent = custom_zip()
    url, upload = await alice.issue()
    await alice.sweep()
    assert [row.state for row in await alice.rows()] == [UploadState.ISSUED]
    assert await put(url, sent) == 200
    await asyncio.gather(*(alice.sweep() for _ in range(3)))
    (row,) = await alice.rows()
    assert (row.state, row.size) == (UploadState.ARRIVED, len(sent))
    (build,) = await alice.site.builds.list()
    assert (build.model, build.status) == ("mine", BuildStatus.QUEUED)
    assert await put(url, b"something else") == 200
    await alice.sweep()
    assert alice.store.open(upload).read() == sent
    assert len(await alice.site.builds.list()) == 1


async def test_bytes_go_with_their_model(alice: Uploads) -> None:
    url, _ = await alice.issue()
    await put(url, custom_zip())
    await alice.sweep()
    assert len(alice.keys()) == 1
    await alice.site.models.remove(alice.account, "mine")
    await alice.sweep()
    assert (alice.keys(), await alice.rows()) == ([], [])


async def test_a_put_that_began_in_time_may_end_later(alice: Uploads) -> None:
    _, upload = await alice.issue()
    await age(alice, upload, timedelta(seconds=1))
    await alice.sweep()
    assert len(await alice.rows()) == 1
    await age(alice, upload, LATE)
    await alice.sweep()
    assert await alice.rows() == []


async def age(alice: Uploads, upload: str, by: timedelta) -> None:
    async with alice.site.database.session() as session:
        (await session.get_one(Upload, upload)).expires_at = utc_now() - by


async def test_too_much_and_no_zip_end_in_builds_that_say_so(alice: Uploads) -> None:
    alice.max_bytes = 500
    for content, said in ((b"x" * 501, "501 bytes, and at most 500"), (b"no zip", "zip")):
        url, upload = await alice.issue()
        assert await put(url, content) == 200
        await alice.sweep()
        (build, *_) = await alice.site.builds.list()
        async with working(alice.site, alice.store):
            ended = await alice.site.ended(build.id)
        assert ended.status is BuildStatus.FAILED
        assert said in ended.message
        assert upload in "".join(alice.keys())


async def test_however_many_are_awaited_the_bucket_is_listed_once(
    alice: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings = 0
    list_ = Bucket.list

    def counted(bucket: Bucket, prefix: str) -> object:
        nonlocal listings
        listings += 1
        return list_(bucket, prefix)

    monkeypatch.setattr(Bucket, "list", counted)
    monkeypatch.setattr(uploads_in_bucket, "LISTING_SECONDS", 60.0)
    for _ in range(5):
        await alice.issue()
    sweeper = UploadSweeper(alice.site.database, alice.store)
    for _ in range(3):
        await sweeper.sweep()
    assert listings == 1


async def test_a_zip_becomes_a_model_that_a_real_triton_serves_from_its_mirror(
    alice: Uploads, s3_settings: S3Settings, source: str, tmp_path: Path
) -> None:
    alice.max_bytes = 5_000_000_000
    storage = BucketStorage(alice.bucket, lag_seconds=60)
    site = replace(alice.site, storage=storage)
    copy = FolderStorage(tmp_path / "mirror")
    server = EmbeddedTriton(repository=copy.root, runtime=tmp_path / "triton", settings=TritonSettings())
    await server.start()
    client = TritonClient(server.url)
    mirroring = asyncio.create_task(Mirror(storage, copy).keep(0.2))
    try:
        async with working(site, alice.store, server.url):
            url, _ = await alice.issue()
            assert await put(url, await asyncio.to_thread(zipped, Path(source.removeprefix("file:")))) == 200
            await until(lambda: has_builds(site))
            ended = await site.ended((await site.builds.list())[0].id)
            assert ended.status is BuildStatus.SUCCEEDED, ended.message
            assert await loaded(client) == {"alice.mine.1"}
        await asyncio.to_thread(storage.verify, "alice.mine.1")
    finally:
        mirroring.cancel()
        await asyncio.wait([mirroring])
        await client.close()
        await server.stop()


async def has_builds(site: Site) -> bool:
    return bool(await site.builds.list())


@asynccontextmanager
async def working(site: Site, store: BucketStore, *urls: str) -> AsyncIterator[None]:
    """A worker whose uploads are in the bucket."""
    async with replace(site, uploads=store).working(*urls):
        yield
