"""A host's copy of the bucket, as a real Triton sees it: complete, repaired, removed in time."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from buckets import Raw, storage_in
from seaweed import S3Server
from tiny_encoder import make_manifest
from tiny_repository import Repository

from model_repository import digests, layout
from model_repository.client import TritonClient
from model_repository.errors import EntryDamagedError, ObjectStoreUnavailableError
from model_repository.manifest import Engine, Manifest
from model_repository.rollout import RolloutError, bring_up
from model_repository.server import EmbeddedTriton
from model_repository.settings import S3Settings, TritonSettings
from model_repository.storage import FolderStorage
from model_repository.storage.bucket import BucketStorage
from model_repository.storage.mirror import Mirror

pytestmark = pytest.mark.integration


@pytest.fixture
def manifest() -> Manifest:
    return make_manifest(Engine.ONNXRUNTIME)


@pytest.fixture
def built(repository: Repository, manifest: Manifest) -> Path:
    repository.publish(manifest)
    return repository.workspace / manifest.entry


@pytest.fixture
def bucket(s3_settings: S3Settings) -> BucketStorage:
    return storage_in(s3_settings)


@pytest.fixture
def copy(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "mirror")


@pytest.fixture
def mirror(bucket: BucketStorage, copy: FolderStorage) -> Mirror:
    return Mirror(bucket, copy, check_seconds=0)


@asynccontextmanager
async def kept(mirror: Mirror) -> AsyncIterator[None]:
    task = asyncio.create_task(mirror.keep(0.2))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_published_entry_comes_to_a_real_triton_and_answers(
    bucket: BucketStorage,
    mirror: Mirror,
    copy: FolderStorage,
    built: Path,
    manifest: Manifest,
    tmp_path: Path,
) -> None:
    server = EmbeddedTriton(repository=copy.root, runtime=tmp_path / "triton", settings=TritonSettings())
    await server.start()
    client = TritonClient(server.url)
    try:
        await asyncio.to_thread(bucket.publish, built, manifest)
        bringing = asyncio.create_task(bring_up(client, bucket, manifest))
        assert manifest.entry not in await client.index()
        async with kept(mirror):
            await bringing
            assert (await client.index())[manifest.entry] == "READY"
    finally:
        await client.close()
        await server.stop()


async def test_a_host_without_a_mirror_is_named(
    s3_settings: S3Settings, client: TritonClient, built: Path, manifest: Manifest, repository: Repository
) -> None:
    storage = storage_in(s3_settings)
    storage.lag_seconds = 0.6
    await asyncio.to_thread(storage.publish, built, manifest)
    repository.storage.remove(manifest.entry)
    with pytest.raises(RolloutError, match=f"{client.url} has no files of {manifest.entry}") as caught:
        await bring_up(client, storage, manifest)
    assert "trireme mirror" in caught.value.hint


def test_a_copy_is_exact_and_follows_removal(
    bucket: BucketStorage, mirror: Mirror, copy: FolderStorage, built: Path, manifest: Manifest
) -> None:
    bucket.publish(built, manifest)
    assert mirror.sweep() == []
    copy.verify(manifest.entry)
    assert copy.manifest(manifest.entry) == manifest
    bucket.remove(manifest.entry)
    mirror.sweep()
    assert copy.entries() == []
    assert [path.name for path in copy.root.iterdir()] == [".lock"]


def cut(entry: Path) -> None:
    graph = entry / "1" / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:-7])


def flip(entry: Path) -> None:
    graph = entry / "1" / "model.onnx"
    data = bytearray(graph.read_bytes())
    data[len(data) // 2] ^= 1
    graph.write_bytes(data)


def drop(entry: Path) -> None:
    shutil.rmtree(entry / "tokenizer")


def add(entry: Path) -> None:
    (entry / "1" / "extra").write_text("x")


def unlist(entry: Path) -> None:
    (entry / layout.DIGESTS).unlink()


@pytest.mark.parametrize("spoil", [cut, flip, drop, add, unlist, shutil.rmtree])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_damaged_copy_is_repaired(
    bucket: BucketStorage,
    mirror: Mirror,
    copy: FolderStorage,
    built: Path,
    manifest: Manifest,
    spoil: Callable[[Path], None],
    restarted: bool,
) -> None:
    bucket.publish(built, manifest)
    mirror.sweep()
    untouched = (copy.root / manifest.entry / layout.MANIFEST).stat().st_ino
    assert mirror.sweep() == []
    spoil(copy.root / manifest.entry)
    again = Mirror(bucket, FolderStorage(copy.root)) if restarted else mirror
    assert again.sweep() == []
    copy.verify(manifest.entry)
    if spoil is not shutil.rmtree:
        assert (copy.root / manifest.entry / layout.MANIFEST).stat().st_ino == untouched


def test_another_entry_in_the_place_of_one_is_copied_anew(
    bucket: BucketStorage, mirror: Mirror, copy: FolderStorage, built: Path, manifest: Manifest
) -> None:
    bucket.publish(built, manifest)
    mirror.sweep()
    bucket.remove(manifest.entry)
    (built / "1" / "more").write_text("more")
    bucket.publish(built, manifest)
    mirror.sweep()
    copy.verify(manifest.entry)
    assert copy.read(manifest.entry, "1/more") == b"more"


def test_a_damaged_object_never_reaches_a_host_and_keeps_no_other_back(
    s3_settings: S3Settings,
    bucket: BucketStorage,
    mirror: Mirror,
    copy: FolderStorage,
    built: Path,
    manifest: Manifest,
    repository: Repository,
) -> None:
    other = repository.publish(make_manifest(Engine.ONNXRUNTIME, name="zebra"))
    bucket.publish(built, manifest)
    bucket.publish(repository.workspace / other.entry, other)
    key = f"files/{manifest.entry}/{digests.of_file(built / '1' / 'model.onnx')}"
    Raw(s3_settings).put(key, b"rotten")
    assert mirror.sweep() == [manifest.entry]
    assert copy.entries() == [other.entry]


def test_a_bucket_that_is_away_takes_nothing_from_a_host(
    mortal_s3: S3Server, copy: FolderStorage, built: Path, manifest: Manifest
) -> None:
    bucket = storage_in(mortal_s3.settings("site", attempts=1, connect_seconds=1.0))
    mirror = Mirror(bucket, copy)
    bucket.publish(built, manifest)
    mirror.sweep()
    mortal_s3.kill()
    with pytest.raises(ObjectStoreUnavailableError):
        mirror.sweep()
    copy.verify(manifest.entry)


def test_files_are_looked_at_again_only_when_that_is_due(
    bucket: BucketStorage, copy: FolderStorage, built: Path, manifest: Manifest
) -> None:
    mirror = Mirror(bucket, copy, check_seconds=3600)
    bucket.publish(built, manifest)
    mirror.sweep()
    flip(copy.root / manifest.entry)
    mirror.sweep()
    with pytest.raises(EntryDamagedError):
        copy.verify(manifest.entry)
    shutil.rmtree(copy.root / manifest.entry)
    mirror.sweep()
    copy.verify(manifest.entry)


def test_copies_can_be_read_by_everybody_whatever_the_umask(
    bucket: BucketStorage, mirror: Mirror, copy: FolderStorage, built: Path, manifest: Manifest
) -> None:
    bucket.publish(built, manifest)
    before = os.umask(0o077)
    try:
        mirror.sweep()
    finally:
        os.umask(before)
    entry = copy.root / manifest.entry
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in (entry, *entry.rglob("*"))}
    assert modes == {True: 0o755, False: 0o644}


def test_a_mirror_that_was_killed_leaves_nothing_half(
    bucket: BucketStorage, copy: FolderStorage, built: Path, manifest: Manifest
) -> None:
    bucket.publish(built, manifest)
    half = copy.root / ".scratch-half"  # what the killed one was filling
    half.mkdir()
    (half / "1").write_bytes(os.urandom(10))
    assert Mirror(bucket, FolderStorage(copy.root)).sweep() == []
    assert sorted(path.name for path in copy.root.iterdir()) == [".lock", manifest.entry]
