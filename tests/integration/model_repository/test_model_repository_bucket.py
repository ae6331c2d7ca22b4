"""Entries in a real S3 server: whole or not there, right by digest, over kills, refusals and absence."""

import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest
from buckets import Raw, storage_in
from seaweed import S3Server
from tiny_encoder import make_manifest
from tiny_repository import Repository

from model_repository import digests, layout
from model_repository.errors import (
    EntryDamagedError,
    EntryExistsError,
    EntryNotFoundError,
    ObjectNotFoundError,
    ObjectStoreError,
    ObjectStoreUnavailableError,
)
from model_repository.layout import InvalidNameError
from model_repository.manifest import Engine, Manifest
from model_repository.objects.bucket import Bucket
from model_repository.settings import S3Settings

pytestmark = pytest.mark.integration

MEBIBYTE = 2**20


@pytest.fixture
def manifest() -> Manifest:
    return make_manifest(Engine.ONNXRUNTIME)


@pytest.fixture
def folder(repository: Repository, manifest: Manifest) -> Path:
    """A finished entry, as a build leaves it."""
    repository.publish(manifest)
    return repository.workspace / manifest.entry


@pytest.fixture
def large_folder(folder: Path) -> Path:
    """The same with a file that travels in parts, none like another."""
    (folder / "1" / "weights.data").write_bytes(os.urandom(64 * MEBIBYTE))
    return folder


def test_published_entries_can_be_read(s3_settings: S3Settings, folder: Path, manifest: Manifest) -> None:
    storage = storage_in(s3_settings)
    storage.publish(folder, manifest)
    assert storage.entries() == storage_in(s3_settings).entries() == [manifest.entry]
    assert storage.manifest(manifest.entry) == manifest
    assert storage.read(manifest.entry, "tokenizer/tokenizer.json") == b"{}"
    assert storage.digests(manifest.entry) == digests.of_folder(folder)
    storage.verify(manifest.entry)
    with pytest.raises(EntryNotFoundError):
        storage.read(manifest.entry, "missing")
    with pytest.raises(EntryNotFoundError):
        storage.manifest("global.other.1")
    with pytest.raises(InvalidNameError):
        storage.read(manifest.entry, "../other")


def test_sites_that_share_a_bucket_do_not_see_each_other(
    s3_server: S3Server, folder: Path, manifest: Manifest
) -> None:
    storage_in(s3_server.settings("one")).publish(folder, manifest)
    assert storage_in(s3_server.settings("on")).entries() == []


def test_of_many_publishers_at_once_one_wins(
    s3_settings: S3Settings, folder: Path, manifest: Manifest
) -> None:
    together, outcomes = threading.Barrier(4), []

    def publish() -> None:
        storage = storage_in(s3_settings)
        together.wait()
        try:
            storage.publish(folder, manifest)
        except EntryExistsError:
            outcomes.append("refused")
        else:
            outcomes.append("published")

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["published"] + ["refused"] * 3
    storage_in(s3_settings).verify(manifest.entry)


def test_removal_frees_everything_and_can_be_repeated(
    s3_settings: S3Settings, folder: Path, manifest: Manifest
) -> None:
    storage = storage_in(s3_settings)
    storage.publish(folder, manifest)
    storage.remove(manifest.entry)
    storage.remove(manifest.entry)
    assert storage.entries() == Raw(s3_settings).keys() == []


def test_a_damaged_and_a_missing_object_are_found(
    s3_settings: S3Settings, folder: Path, manifest: Manifest
) -> None:
    storage, raw = storage_in(s3_settings), Raw(s3_settings)
    storage.publish(folder, manifest)
    graph = layout.model_path(manifest)
    key = f"files/{manifest.entry}/{digests.of_file(folder / graph)}"
    for spoil in (lambda: raw.put(key, b"another graph"), lambda: raw.delete(key)):
        spoil()
        with pytest.raises(EntryDamagedError, match=r"model[.]onnx is not the file that was published"):
            storage.verify(manifest.entry)
        with pytest.raises(EntryDamagedError, match=r"model[.]onnx"):
            storage.read(manifest.entry, graph)
    assert storage.read(manifest.entry, layout.TOKENIZER) == b"{}"


def test_large_files_travel_in_parts_and_arrive_whole(
    s3_settings: S3Settings, large_folder: Path, manifest: Manifest, tmp_path: Path
) -> None:
    storage = storage_in(s3_settings)
    storage.publish(large_folder, manifest)
    storage.verify(manifest.entry)
    digest = storage.digests(manifest.entry)["1/weights.data"]
    storage.download(manifest.entry, "1/weights.data", digest, tmp_path / "weights")
    assert digests.of_file(tmp_path / "weights") == digest == digests.of_file(large_folder / "1/weights.data")


PUBLISH = """
import msgspec, sys
from pathlib import Path
from model_repository.manifest import decode
from model_repository.objects.bucket import Bucket
from model_repository.settings import S3Settings
from model_repository.storage.bucket import BucketStorage

settings, folder = msgspec.json.decode(sys.argv[1], type=S3Settings), Path(sys.argv[2])
manifest = decode((folder / "manifest.json").read_bytes())
BucketStorage(Bucket(settings), lag_seconds=0).publish(folder, manifest)
"""


def test_a_killed_publisher_leaves_no_entry_and_the_next_goes_on(
    s3_settings: S3Settings, large_folder: Path, manifest: Manifest
) -> None:
    storage, raw = storage_in(s3_settings), Raw(s3_settings)
    command = [sys.executable, "-c", PUBLISH, msgspec.json.encode(s3_settings).decode(), str(large_folder)]
    with subprocess.Popen(command) as publisher:
        while not raw.parts_left():
            assert publisher.poll() is None
            time.sleep(0.005)
        publisher.kill()
    assert publisher.returncode == -signal.SIGKILL
    assert storage.entries() == []
    assert raw.parts_left() == 1
    storage.publish(large_folder, manifest)
    storage.verify(manifest.entry)
    assert raw.parts_left() == 0


def test_what_a_killed_publisher_left_goes_with_the_entry(
    s3_settings: S3Settings, folder: Path, manifest: Manifest
) -> None:
    raw = Raw(s3_settings)
    raw.put(f"files/{manifest.entry}/{'0' * 64}", b"left")
    storage_in(s3_settings).remove(manifest.entry)
    assert raw.keys() == []


def test_a_server_killed_in_the_middle_of_a_publish_is_told_and_the_publish_repeated(
    mortal_s3: S3Server, large_folder: Path, manifest: Manifest
) -> None:
    settings = mortal_s3.settings("site", attempts=2, connect_seconds=1.0)
    storage, raw = storage_in(settings), Raw(settings)
    raised: list[Exception] = []

    def publish() -> None:
        try:
            storage.publish(large_folder, manifest)
        except ObjectStoreUnavailableError as error:
            raised.append(error)

    publisher = threading.Thread(target=publish)
    publisher.start()
    while not raw.parts_left():
        time.sleep(0.005)
    mortal_s3.kill()
    publisher.join(60)
    assert raised
    assert raised[0].status == 503
    assert "s3.endpoint_url" in raised[0].hint
    mortal_s3.start()
    again = storage_in(settings)
    assert again.entries() == []
    again.publish(large_folder, manifest)
    again.verify(manifest.entry)


def test_a_bucket_that_did_not_answer_is_not_asked_again_at_once(s3_settings: S3Settings) -> None:
    nowhere = storage_in(replace(s3_settings, endpoint_url="http://127.0.0.1:9", attempts=1))
    with pytest.raises(ObjectStoreUnavailableError, match="EndpointConnectionError"):
        nowhere.entries()
    with pytest.raises(ObjectStoreUnavailableError, match="a moment ago"):
        nowhere.read("global.tiny.1", "manifest.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bucket": "nobody"}, "there is no bucket nobody"),
        ({"secret_access_key": "wrong"}, "refuses access to models: SignatureDoesNotMatch"),
        ({"access_key_id": "stranger"}, "refuses access to models: InvalidAccessKeyId"),
    ],
)
def test_what_is_wrong_with_the_settings_is_said(
    s3_settings: S3Settings, change: dict[str, str], said: str
) -> None:
    with pytest.raises(ObjectStoreError, match=said) as caught:
        storage_in(replace(s3_settings, **change)).entries()
    assert caught.value.hint
    assert s3_settings.secret_access_key not in str(caught.value)


def test_a_signed_url_takes_one_object_until_it_expires_and_no_other(s3_settings: S3Settings) -> None:
    bucket = Bucket(s3_settings)
    url = bucket.upload_url("uploads/a.zip", 3600)
    assert httpx.put(url, content=b"zip").status_code == 200
    assert bucket.size("uploads/a.zip") == 3
    assert bucket.size("uploads/b.zip") is None
    assert httpx.put(url.replace("a.zip", "b.zip"), content=b"zip").status_code == 403
    assert httpx.put(url.replace("Expires=3600", "Expires=36000"), content=b"zip").status_code == 403
    assert httpx.get(url).status_code == 403
    brief = bucket.upload_url("uploads/c.zip", 1)
    time.sleep(2.1)  # signatures count whole seconds
    assert httpx.put(brief, content=b"zip").status_code == 403
    assert bucket.size("uploads/c.zip") is None


def test_a_zip_is_read_where_it_lies(s3_settings: S3Settings, tmp_path: Path) -> None:
    noise = os.urandom(3 * MEBIBYTE)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("noise", noise)
        archive.writestr("config.json", b"{}")
    bucket = Bucket(s3_settings)
    bucket.upload(tmp_path / "a.zip", "inbox/a")
    bucket.copy("inbox/a", "uploads/a.zip")
    with bucket.open("uploads/a.zip") as file, zipfile.ZipFile(file) as archive:
        assert archive.read("config.json") == b"{}"
        assert archive.read("noise") == noise
    with pytest.raises(ObjectNotFoundError):
        bucket.open("uploads/b.zip")


def test_entries_of_thousands_of_files_are_published_whole(
    s3_settings: S3Settings, folder: Path, manifest: Manifest
) -> None:
    packages = folder / "1" / "environment"
    for number in range(1200):
        package = packages / f"package{number % 40}"
        package.mkdir(parents=True, exist_ok=True)
        (package / f"{number}.py").write_text(f"x = {number // 2}")  # each content twice
    (packages / "empty.py").touch()
    storage = storage_in(s3_settings)
    storage.publish(folder, manifest)
    storage.verify(manifest.entry)
    assert len(storage.digests(manifest.entry)) > 1200
    storage.remove(manifest.entry)
    assert Raw(s3_settings).keys() == []
