"""Publishing happens whole or not at all: against rivals, a kill, a full disk and damaged folders."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from model_repository import layout
from model_repository.errors import (
    EntryDamagedError,
    EntryExistsError,
    EntryNotFoundError,
    RepositoryError,
    StorageFullError,
    TriremeError,
)
from model_repository.layout import InvalidNameError
from model_repository.manifest import Manifest, decode, encode
from model_repository.storage import FolderStorage

MakeFolder = Callable[[Manifest], Path]


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "repository")


def remains(root: Path) -> list[str]:
    """Everything that lies in the folder but the lock."""
    return sorted(path.name for path in root.iterdir() if path.name != ".lock")


def test_published_entries_can_be_read(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    folder = make_folder(manifest)
    storage.publish(folder, manifest)
    assert storage.entries() == [manifest.entry] == remains(storage.root)
    assert storage.manifest(manifest.entry) == manifest
    assert storage.read(manifest.entry, "3/model.onnx") == b"a graph"
    storage.verify(manifest.entry)
    assert FolderStorage(storage.root).entries() == [manifest.entry]
    shutil.rmtree(folder)  # the entry does not depend on the workspace
    storage.verify(manifest.entry)


def test_digests_are_those_of_sha256sum(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    storage.publish(make_folder(manifest), manifest)
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", layout.DIGESTS],
        cwd=storage.root / manifest.entry,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(checked.stdout.splitlines()) == 5


def test_a_version_is_never_published_twice(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    folder = make_folder(manifest)
    storage.publish(folder, manifest)
    (folder / "3" / "model.onnx").write_bytes(b"another graph")
    with pytest.raises(EntryExistsError) as caught:
        storage.publish(folder, manifest)
    assert caught.value.status == 409
    assert storage.read(manifest.entry, "3/model.onnx") == b"a graph"
    assert remains(storage.root) == [manifest.entry]


def test_of_many_publishers_at_once_one_wins(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    folder = make_folder(manifest)
    together = threading.Barrier(8)
    outcomes: list[str] = []

    def publish() -> None:
        together.wait()
        try:
            FolderStorage(storage.root).publish(folder, manifest)
        except EntryExistsError:
            outcomes.append("refused")
        else:
            outcomes.append("published")

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["published"] + ["refused"] * 7
    storage.verify(manifest.entry)
    assert remains(storage.root) == [manifest.entry]


def test_a_killed_publisher_leaves_nothing(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    folder = make_folder(manifest)
    for number in range(800):  # enough that the kill comes in the middle
        (folder / "tokenizer" / f"{number}.txt").write_text("x")
    script = (
        "import sys; from pathlib import Path; from model_repository.manifest import decode;"
        "from model_repository.storage import FolderStorage; folder = Path(sys.argv[2]);"
        "FolderStorage(Path(sys.argv[1])).publish(folder, decode((folder / 'manifest.json').read_bytes()))"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(storage.root), str(folder)]) as publisher:
        while not list(storage.root.glob(".scratch-*/tokenizer/*")):
            assert publisher.poll() is None
            time.sleep(0.001)
        publisher.kill()
    assert publisher.returncode == -signal.SIGKILL
    assert [name.startswith(".scratch-") for name in remains(storage.root)] == [True]
    assert storage.entries() == []
    again = FolderStorage(storage.root)
    assert remains(storage.root) == []
    again.publish(folder, manifest)
    again.verify(manifest.entry)


def test_nobody_sweeps_what_is_being_published(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    with storage._writing(), storage._scratch() as scratch:
        FolderStorage(storage.root)
        assert scratch.is_dir()


FULL_DISK = """
import sys
from pathlib import Path
from model_repository.errors import RepositoryError
from model_repository.manifest import decode
from model_repository.storage import FolderStorage

root, folder = Path(sys.argv[1]), Path(sys.argv[2])
storage = FolderStorage(root)
try:
    storage.publish(folder, decode((folder / "manifest.json").read_bytes()))
except RepositoryError as error:
    print(error.code, sorted(path.name for path in root.iterdir()), bool(error.hint))
"""


def test_a_full_disk_is_told_and_leaves_nothing(
    tmp_path: Path, manifest: Manifest, make_folder: MakeFolder
) -> None:
    folder = make_folder(manifest)
    (folder / "3" / "model.onnx").write_bytes(os.urandom(3_000_000))
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = ["unshare", "--map-root-user", "--mount", "sh", "-ec"]
    mount = 'mount -t tmpfs -o size=1m none "$0"'
    if subprocess.run([*mounted, mount, disk], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    command = [sys.executable, "-c", FULL_DISK, str(disk), str(folder)]
    told = subprocess.run(
        [*mounted, f'{mount}; exec "$@"', disk, *command], capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "storage_full ['.lock'] True"


def test_no_more_room_for_large_files_is_told(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    folder = make_folder(manifest)
    (folder / "3" / "model.onnx").write_bytes(b"0" * 1_000_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(StorageFullError) as caught:
            storage.publish(folder, manifest)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.hint
    assert remains(storage.root) == []


def spoil_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / layout.MANIFEST).write_bytes(encode(msgspec.structs.replace(manifest, max_batch_size=9)))


def spoil_config(folder: Path, manifest: Manifest) -> None:
    config = folder / layout.CONFIG
    config.write_text(config.read_text().replace("max_batch_size: 8", "max_batch_size: 9"))


def cut_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / layout.MANIFEST).write_bytes(encode(manifest)[:50])


def empty_graph(folder: Path, manifest: Manifest) -> None:
    (folder / layout.model_path(manifest)).write_bytes(b"")


def link_graph(folder: Path, manifest: Manifest) -> None:
    (folder / layout.model_path(manifest)).unlink()
    (folder / layout.model_path(manifest)).symlink_to("/etc/hostname")


def drop_tokenizer(folder: Path, manifest: Manifest) -> None:
    (folder / layout.TOKENIZER).unlink()


def spoil_probe(folder: Path, manifest: Manifest) -> None:
    (folder / layout.PROBE).write_bytes(b"no archive")


@pytest.mark.parametrize(
    "spoil",
    [spoil_manifest, spoil_config, cut_manifest, empty_graph, link_graph, drop_tokenizer, spoil_probe],
)
def test_a_folder_that_does_not_fit_its_manifest_is_refused(
    storage: FolderStorage,
    manifest: Manifest,
    make_folder: MakeFolder,
    spoil: Callable[[Path, Manifest], None],
) -> None:
    folder = make_folder(manifest)
    spoil(folder, manifest)
    with pytest.raises(RepositoryError):
        storage.publish(folder, manifest)
    assert remains(storage.root) == []


def test_a_name_that_may_not_be_is_refused(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    with pytest.raises(InvalidNameError):
        storage.publish(make_folder(manifest), msgspec.structs.replace(manifest, owner="../up"))


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("../other", InvalidNameError),
        ("/etc/passwd", InvalidNameError),
        ("", InvalidNameError),
        ("tokenizer", EntryNotFoundError),
        ("missing.txt", EntryNotFoundError),
        ("manifest.json/x", EntryNotFoundError),
    ],
)
def test_only_files_of_the_entry_can_be_read(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder, path: str, error: type[TriremeError]
) -> None:
    storage.publish(make_folder(manifest), manifest)
    with pytest.raises(error):
        storage.read(manifest.entry, path)


def test_every_change_to_a_published_entry_is_found(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    storage.publish(make_folder(manifest), manifest)
    graph = storage.root / manifest.entry / "3" / "model.onnx"
    graph.write_bytes(b"A graph")
    with pytest.raises(EntryDamagedError, match=r"3/model[.]onnx"):
        storage.verify(manifest.entry)
    graph.unlink()
    with pytest.raises(EntryDamagedError, match=r"3/model[.]onnx"):
        storage.verify(manifest.entry)
    graph.write_bytes(b"a graph")
    storage.verify(manifest.entry)
    (graph.parent / "extra").touch()
    with pytest.raises(EntryDamagedError, match="3/extra"):
        storage.verify(manifest.entry)


def test_a_manifest_that_cannot_be_read_is_told(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    storage.publish(make_folder(manifest), manifest)
    (storage.root / manifest.entry / layout.MANIFEST).write_text("{}")
    with pytest.raises(EntryDamagedError):
        storage.manifest(manifest.entry)
    with pytest.raises(EntryNotFoundError):
        storage.manifest("global.other.1")


def test_removal_is_whole_and_can_be_repeated(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    folder = make_folder(manifest)
    storage.publish(folder, manifest)
    storage.remove(manifest.entry)
    assert remains(storage.root) == []
    storage.remove(manifest.entry)
    with pytest.raises(InvalidNameError):
        storage.remove("..")
    assert decode((folder / layout.MANIFEST).read_bytes()) == manifest
