"""Uploads in a bucket: clients PUT to the object store itself, workers look whether something has arrived.

uploads/inbox/<upload>   where the signed URL leads; whoever has the URL may write it until the URL expires
uploads/<upload>.zip     what was there when it was noticed; nobody's URL leads here
"""

import time
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from control_plane.uploads.errors import UploadTooLargeError
from model_repository.errors import ObjectNotFoundError
from model_repository.objects.bucket import Bucket

UPLOADS = "uploads/"
INBOX = f"{UPLOADS}inbox/"

LISTING_SECONDS = 2.0
"""How long a listing of all uploads serves: however many are awaited, the bucket is asked no more often."""


class BucketStore:
    """See `UploadStore`."""

    direct = True

    def __init__(self, bucket: Bucket, *, max_bytes: int) -> None:
        """Prepare; nothing is asked of the bucket yet.

        Args:
            max_bytes: largest zip that is fetched; a signed URL cannot limit what is sent to it.

        """
        self._bucket = bucket
        self._max_bytes = max_bytes
        self._listing: dict[str, int] = {}
        self._listed_until = 0.0
        self._lock = Lock()

    def issue_url(self, upload: str, *, token: str, base_url: str, seconds: int) -> str:
        """The object store's own URL; its signature takes the place of the token."""
        return self._bucket.upload_url(INBOX + upload, seconds)

    def arrived(self, upload: str) -> int | None:
        """Size of what has arrived, moved out of reach of the URL; a PUT that broke off leaves no object."""
        sizes = self._sizes()
        kept, sent = sizes.get(key_of(upload)), sizes.get(INBOX + upload)
        if kept is not None or sent is None or sent > self._max_bytes:
            return kept if kept is not None else sent
        try:
            self._bucket.copy(INBOX + upload, key_of(upload))
        except ObjectNotFoundError:  # another worker moves it, or has
            return self._bucket.size(key_of(upload))
        size = self._bucket.size(key_of(upload))
        self._bucket.delete([INBOX + upload])
        return size

    def open(self, upload: str) -> BinaryIO:
        """The object, read in pieces."""
        try:
            return self._bucket.open(key_of(upload))
        except ObjectNotFoundError as error:
            raise FileNotFoundError(upload) from error

    def fetch(self, upload: str, folder: Path) -> Path:
        """A copy in the folder.

        Raises:
            UploadTooLargeError: more has been sent than this server takes.

        """
        if (sent := self._bucket.size(INBOX + upload) or 0) > self._max_bytes:
            raise UploadTooLargeError(f"the zip has {sent} bytes, and at most {self._max_bytes} are taken")
        target = folder / "upload" / f"{upload}.zip"
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._bucket.download(key_of(upload), target)
        except ObjectNotFoundError as error:
            raise FileNotFoundError(upload) from error
        return target

    def remove(self, upload: str) -> None:
        """Delete both objects, and the parts of an upload that broke off."""
        self._bucket.delete([INBOX + upload, key_of(upload)])
        self._bucket.abort_uploads(INBOX + upload)

    def _sizes(self) -> dict[str, int]:
        with self._lock:
            if time.monotonic() >= self._listed_until:
                self._listing = {listed.key: listed.size for listed in self._bucket.list(UPLOADS)}
                self._listed_until = time.monotonic() + LISTING_SECONDS
            return self._listing


def key_of(upload: str) -> str:
    """Where a zip is kept."""
    return f"{UPLOADS}{upload}.zip"
