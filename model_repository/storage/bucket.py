"""Entries in an S3 bucket.

entries/<entry>          digests and paths of its files, the same text as the entry's SHA256SUMS; written last
files/<entry>/<digest>   one file, named by its content

An entry is there exactly when its list is. Files are named by their digests, so a publisher that was killed
goes on where it was, two publishers cannot mix their files, and damage shows by itself.
"""

from pathlib import Path

import msgspec
import structlog

from model_repository import digests, layout
from model_repository.checks import check_folder
from model_repository.errors import (
    EntryDamagedError,
    EntryExistsError,
    EntryNotFoundError,
    ObjectNotFoundError,
)
from model_repository.manifest import Manifest, decode
from model_repository.objects import parallel
from model_repository.objects.bucket import Bucket
from model_repository.storage.protocol import Storage

log = structlog.get_logger(__name__)

LISTS, FILES = "entries/", "files/"


class BucketStorage(Storage):
    """Entries in a bucket. Servers do not read it: a `Mirror` on each host copies what they need."""

    def __init__(self, bucket: Bucket, *, lag_seconds: float) -> None:
        """Prepare; nothing is asked of the bucket yet.

        Args:
            lag_seconds: see `Storage`.

        """
        self.lag_seconds = lag_seconds
        self._bucket = bucket

    def publish(self, folder: Path, manifest: Manifest) -> None:
        """See `Storage`. What an earlier try has brought there is not sent again."""
        entry = str(layout.EntryName.parse(manifest.entry))
        if self._bucket.size(LISTS + entry) is not None:
            raise _exists(entry)
        check_folder(folder, manifest)
        self._bucket.abort_uploads(_files(entry))
        there = {listed.key: listed.size for listed in self._bucket.list(_files(entry))}
        files = digests.of_folder(folder)
        paths = {_files(entry) + digest: folder / name for name, digest in files.items()}
        missing = [key for key, path in paths.items() if there.get(key) != path.stat().st_size]
        parallel.each(lambda key: self._bucket.upload(paths[key], key), missing)
        if not self._bucket.create(LISTS + entry, digests.encode(files).encode()):
            raise _exists(entry)
        log.info("entry published", entry=entry)

    def remove(self, entry: str) -> None:
        """See `Storage`. It also frees what a publisher left that was killed."""
        layout.EntryName.parse(entry)
        self._bucket.delete([LISTS + entry])
        self._bucket.abort_uploads(_files(entry))
        self._bucket.delete(listed.key for listed in self._bucket.list(_files(entry)))
        log.info("entry removed", entry=entry)

    def entries(self) -> list[str]:
        """See `Storage`."""
        return sorted(self.tags())

    def tags(self) -> dict[str, str]:
        """All entries, each with a text that changes when another is published in its place."""
        names = {listed.key.removeprefix(LISTS): listed.tag for listed in self._bucket.list(LISTS)}
        return {name: tag for name, tag in names.items() if layout.is_entry(name)}

    def digests(self, entry: str) -> dict[str, str]:
        """SHA-256 of every file of an entry, by path.

        Raises:
            EntryNotFoundError: no such entry.

        """
        layout.EntryName.parse(entry)
        try:
            return digests.decode(self._bucket.read(LISTS + entry).decode())
        except ObjectNotFoundError as error:
            raise EntryNotFoundError(f"there is no entry {entry}") from error

    def manifest(self, entry: str) -> Manifest:
        """See `Storage`."""
        try:
            return decode(self.read(entry, layout.MANIFEST))
        except msgspec.DecodeError as error:
            raise EntryDamagedError(f"the manifest of {entry} cannot be read: {error}") from error

    def read(self, entry: str, path: str) -> bytes:
        """See `Storage`. The content is compared with its digest.

        Raises:
            EntryDamagedError: it is not what was published.

        """
        layout.resolve(Path("/"), path)
        digest = self.digests(entry).get(path)
        if digest is None:
            raise EntryNotFoundError(f"{entry} has no file {path}")
        try:
            data = self._bucket.read(_files(entry) + digest)
        except ObjectNotFoundError as error:
            raise _damaged(entry, path) from error
        if digests.of(data) != digest:
            raise _damaged(entry, path)
        return data

    def download(self, entry: str, path: str, digest: str, target: Path) -> None:
        """Write one file of an entry, compared with its digest.

        Raises:
            EntryDamagedError: the bucket does not hold what was published.
            OSError: the file cannot be written.

        """
        try:
            self._bucket.download(_files(entry) + digest, target)
        except ObjectNotFoundError as error:
            raise _damaged(entry, path) from error
        if digests.of_file(target) != digest:
            raise _damaged(entry, path)

    def verify(self, entry: str) -> None:
        """See `Storage`. Every file is read from the bucket."""

        def check(file: tuple[str, str]) -> None:
            path, digest = file
            try:
                found = self._bucket.digest(_files(entry) + digest)
            except ObjectNotFoundError as error:
                raise _damaged(entry, path) from error
            if found != digest:
                raise _damaged(entry, path)

        parallel.each(check, self.digests(entry).items())


def _files(entry: str) -> str:
    return f"{FILES}{entry}/"


def _exists(entry: str) -> EntryExistsError:
    return EntryExistsError(f"{entry} has been published before")


def _damaged(entry: str, path: str) -> EntryDamagedError:
    return EntryDamagedError(f"{entry}: {path} is not the file that was published")
