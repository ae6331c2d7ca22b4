"""Where published entries are kept: what any storage can do, and the one in a local folder."""

import errno
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from model_repository import digests, layout
from model_repository.checks import check_folder
from model_repository.errors import (
    EntryDamagedError,
    EntryExistsError,
    EntryNotFoundError,
    RepositoryError,
    StorageFullError,
)
from model_repository.manifest import Manifest, decode

log = structlog.get_logger(__name__)

LOCK = ".lock"
"""Held, shared, while something is being written; who holds it alone may sweep."""

SCRATCH = ".scratch-"
"""Prefix of folders that are not, or no longer, entries; on the same disk, where a rename is atomic."""

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Storage(Protocol):
    """Published entries, immutable, each whole or not there at all.

    All methods block; callers on an event loop use `asyncio.to_thread`.
    """

    root: Path
    """Local folder that Triton reads."""

    def publish(self, folder: Path, manifest: Manifest) -> None:
        """Make a finished folder the entry `manifest.entry`, in one step that either happens or does not.

        The folder is copied and left as it is. A digest of every file is recorded.

        Raises:
            EntryExistsError: there is such an entry.
            EntryDamagedError: the folder is not what the manifest says.
            StorageFullError: there is no room.
            RepositoryError: the storage cannot be written for another reason.

        """

    def remove(self, entry: str) -> None:
        """Take an entry away in one step; removing what is not there is no error, so it can be repeated."""

    def entries(self) -> list[str]:
        """Names of all entries, sorted."""

    def manifest(self, entry: str) -> Manifest:
        """What an entry says about itself.

        Raises:
            EntryNotFoundError: no such entry.
            EntryDamagedError: its manifest cannot be read.

        """

    def read(self, entry: str, path: str) -> bytes:
        """Content of one file of an entry.

        Raises:
            InvalidNameError: the path leads out of the entry.
            EntryNotFoundError: no such entry or file.

        """

    def verify(self, entry: str) -> None:
        """Compare every file with the digest recorded when the entry was published.

        Raises:
            EntryNotFoundError: no such entry.
            EntryDamagedError: a file has changed, is missing or has been added.

        """


class FolderStorage(Storage):
    """Entries in a local folder, which Triton reads in place; many processes may open the same one."""

    def __init__(self, root: Path) -> None:
        """Open or create the folder, and sweep away what crashed processes left half done."""
        self.root = root.absolute()
        self.root.mkdir(parents=True, exist_ok=True)
        self._sweep()

    def publish(self, folder: Path, manifest: Manifest) -> None:
        """See `Storage`."""
        target = self._path(manifest.entry)
        if target.exists():
            raise _exists(manifest.entry)
        check_folder(folder, manifest)
        with self._writing(), self._scratch() as scratch:
            try:
                shutil.copytree(folder, scratch, dirs_exist_ok=True)
                (scratch / layout.DIGESTS).write_text(digests.encode(digests.of_folder(scratch)))
                _flush(scratch)
                scratch.rename(
                    target
                )  # onto an entry published meanwhile it fails: a full folder is not replaced
                _flush_folder(self.root)
            except (OSError, shutil.Error) as error:
                raise _write_error(manifest.entry, error) from error
        log.info("entry published", entry=manifest.entry)

    def remove(self, entry: str) -> None:
        """See `Storage`."""
        path = self._path(entry)
        with self._writing(), self._scratch() as scratch:
            try:
                path.rename(scratch)
            except FileNotFoundError:
                return
            _flush_folder(self.root)
        log.info("entry removed", entry=entry)

    def entries(self) -> list[str]:
        """See `Storage`."""
        return sorted(path.name for path in self.root.iterdir() if layout.is_entry(path.name))

    def manifest(self, entry: str) -> Manifest:
        """See `Storage`."""
        try:
            return decode(self.read(entry, layout.MANIFEST))
        except msgspec.DecodeError as error:
            raise EntryDamagedError(f"the manifest of {entry} cannot be read: {error}") from error

    def read(self, entry: str, path: str) -> bytes:
        """See `Storage`."""
        try:
            return layout.resolve(self._path(entry), path).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise EntryNotFoundError(f"{entry} has no file {path}") from error

    def verify(self, entry: str) -> None:
        """See `Storage`."""
        recorded = digests.decode(self.read(entry, layout.DIGESTS).decode())
        found = digests.of_folder(self._path(entry))
        if wrong := sorted(name for name, _ in recorded.items() ^ found.items()):
            raise EntryDamagedError(f"{entry}: {wrong[0]} is not the file that was published")

    def _path(self, entry: str) -> Path:
        return self.root / str(layout.EntryName.parse(entry))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keep sweepers away; the operating system lets go of the lock when the process dies."""
        with (self.root / LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """An empty folder that is gone afterwards, unless it has been renamed."""
        scratch = self.root / f"{SCRATCH}{uuid.uuid4().hex}"
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _sweep(self) -> None:
        with (self.root / LOCK).open("a") as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for path in self.root.glob(f"{SCRATCH}*"):
                log.warning("leftover of a crashed process swept", folder=path.name)
                shutil.rmtree(path, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Force files and folders to the disk, so that the rename cannot outlive what it names."""
    for path in folder.rglob("*"):
        if path.is_dir():
            _flush_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exists(entry: str) -> EntryExistsError:
    return EntryExistsError(f"{entry} has been published before")


def _write_error(entry: str, error: OSError) -> RepositoryError:
    numbers = {error.errno}
    if isinstance(error, shutil.Error):  # copytree collects what went wrong as (source, target, text)
        texts = " ".join(str(item[2]) for item in error.args[0])
        numbers = {number for number in FULL if f"[Errno {number}]" in texts}
    if numbers & FULL:
        return StorageFullError(f"no room to publish {entry}")
    if numbers & {errno.ENOTEMPTY, errno.EEXIST}:
        return _exists(entry)
    return RepositoryError(f"cannot publish {entry}: {error.strerror or error}")
