"""Where the bytes of uploads lie: one small interface, and a folder that has it."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Protocol
from urllib.parse import urlencode

from model_repository.errors import StorageFullError

_FULL = (errno.ENOSPC, errno.EDQUOT)


class UploadStore(Protocol):
    """Bytes by the id of their upload. Calls may block: run them in a thread.

    Attributes:
        direct: clients PUT to the store itself, so that somebody has to look whether an upload has arrived.

    """

    direct: bool

    def issue_url(self, upload: str, *, token: str, base_url: str, seconds: int) -> str:
        """Absolute URL for one PUT.

        Args:
            token: secret that the URL must carry where it leads to a gateway of ours.
            base_url: of the gateway, as the client reaches it; no slash at its end.
            seconds: how long the URL is to be good for.

        """
        ...

    def arrived(self, upload: str) -> int | None:
        """Bytes of an upload that is complete, or None while it is not."""
        ...

    def open(self, upload: str) -> BinaryIO:
        """The zip, for reading at any place of it.

        Raises:
            FileNotFoundError: it has been removed.

        """
        ...

    def fetch(self, upload: str, folder: Path) -> Path:
        """The zip as a file that job workers can read: where it lies anyway, or a copy in `folder`.

        Raises:
            FileNotFoundError: it has been removed.

        """
        ...

    def remove(self, upload: str) -> None:
        """Remove all bytes of an upload, also of a broken one; nothing happens where there are none."""
        ...


class FolderStore:
    """Uploads as files; gateways and workers see the same folder."""

    direct = False

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def issue_url(self, upload: str, *, token: str, base_url: str, seconds: int) -> str:
        """The gateway's own route; the token stands in the query, which no log holds."""
        return f"{base_url}/uploads/{upload}?{urlencode({'token': token})}"

    def receive(self, upload: str) -> "Incoming":
        """Begin to write an upload.

        Raises:
            StorageFullError: there is no room.
            FileExistsError: somebody else writes it.

        """
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Incoming(self._draft(upload), self._path(upload))

    def room(self) -> int:
        """Bytes that are free."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        disk = os.statvfs(self.root)
        return disk.f_bavail * disk.f_frsize

    def arrived(self, upload: str) -> int | None:
        """Size of the file."""
        try:
            return self._path(upload).stat().st_size
        except FileNotFoundError:
            return None

    def open(self, upload: str) -> BinaryIO:
        """The file."""
        return self._path(upload).open("rb")

    def fetch(self, upload: str, folder: Path) -> Path:
        """The file where it lies."""
        path = self._path(upload)
        if not path.is_file():
            raise FileNotFoundError(path)
        return path

    def remove(self, upload: str) -> None:
        """Remove the file and what a broken PUT left."""
        for path in (self._draft(upload), self._path(upload)):
            path.unlink(missing_ok=True)

    def _path(self, upload: str) -> Path:
        return self.root / f"{upload}.zip"

    def _draft(self, upload: str) -> Path:
        return self.root / f"{upload}.part"


class Incoming:
    """A file that is being written, under another name until it is whole. Every call may block.

    Attributes:
        size: bytes so far.
        draft: the file to look into before `keep`.

    """

    def __init__(self, draft: Path, target: Path) -> None:
        self.draft = draft
        self.size = 0
        self._target = target
        self._digest = hashlib.sha256()
        with _room():
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.fdopen(os.open(draft, flags, 0o600), "wb", buffering=0)
        self._writing = Lock()  # whoever gives a write up does not wait for its thread

    @property
    def sha256(self) -> str:
        """Digest of the bytes so far."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Append.

        Raises:
            StorageFullError: there is no room.

        """
        rest = memoryview(data)
        with self._writing, _room():
            while rest:
                rest = rest[self._file.write(rest) :]
        self._digest.update(data)
        self.size += len(data)

    def flush(self) -> None:
        """Bring everything to the disk; nothing can be written any more.

        Raises:
            StorageFullError: there is no room.

        """
        with _room():
            os.fsync(self._file.fileno())
            self._file.close()

    def keep(self) -> None:
        """Give the file its name."""
        self.draft.rename(self._target)

    def discard(self) -> None:
        """Leave nothing behind."""
        with self._writing:
            self._file.close()
        self.draft.unlink(missing_ok=True)
        self._target.unlink(missing_ok=True)


@contextmanager
def _room() -> Iterator[None]:
    """Tell a full disk as such."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise StorageFullError("there is no room for the upload") from error
