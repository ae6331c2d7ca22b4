"""Entries in a local folder."""

import errno
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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
from model_repository.storage.protocol import Storage

log = structlog.get_logger(__name__)

LOCK = ".lock"
"""Held, shared, while something is being written; who holds it alone may sweep."""

SCRATCH = ".scratch-"
"""Prefix of folders that are not, or no longer, entries; on the same disk, where a rename is atomic."""

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FolderStorage(Storage):
    """Entries in a local folder, which Triton reads in place; many processes may open the same one."""

    lag_seconds = 0.0

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
        with self.staging(manifest.entry) as scratch:
            shutil.copytree(folder, scratch, dirs_exist_ok=True)
            (scratch / layout.DIGESTS).write_text(digests.encode(digests.of_folder(scratch)))
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

    @contextmanager
    def staging(self, entry: str, *, replace: bool = False) -> Iterator[Path]:
        """An empty folder that becomes the entry at the end of the block, in one step.

        Args:
            replace: take the place of what is there; for a moment then neither is.

        Raises:
            EntryExistsError: it has been published meanwhile, and is not to be replaced.
            StorageFullError: there is no room.
            RepositoryError: the folder cannot be written for another reason.

        """
        with self._writing(), self._scratch() as scratch:
            try:
                yield scratch
                _flush(scratch)
                if replace:
                    self.remove(entry)
                scratch.rename(self._path(entry))  # a full folder would not be replaced by this
                _flush_folder(self.root)
            except (OSError, shutil.Error) as error:
                raise _write_error(entry, error) from error

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
        return StorageFullError(f"no room for {entry}")
    if numbers & {errno.ENOTEMPTY, errno.EEXIST}:
        return _exists(entry)
    return RepositoryError(f"cannot write {entry}: {error.strerror or error}")
