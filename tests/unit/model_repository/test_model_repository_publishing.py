"""Publishing happens whole or not at all: against rivals, a kill and a full disk."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from storage_folders import MakeFolder, remains

from model_repository import layout
from model_repository.errors import EntryExistsError, StorageFullError
from model_repository.manifest import Manifest
from model_repository.storage import FolderStorage


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
