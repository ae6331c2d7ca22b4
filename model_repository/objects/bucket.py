"""One bucket: objects put, read, listed and deleted, with bounded waits and errors that say what to do."""

import base64
import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from model_repository.errors import ObjectExistsError, ObjectNotFoundError, ObjectStoreUnavailableError
from model_repository.objects.errors import FAILURES, translated
from model_repository.objects.parallel import AT_ONCE
from model_repository.objects.reader import buffered
from model_repository.settings import S3Settings

MEBIBYTE = 2**20
TRANSFER = TransferConfig(
    multipart_threshold=32 * MEBIBYTE, multipart_chunksize=16 * MEBIBYTE, max_concurrency=4
)
"""Larger files travel in parts, several at a time."""

PAUSE_SECONDS = 2.0
"""After no answer nothing is asked for so long: who needs the bucket fails at once instead of waiting."""

DELETE_AT_ONCE = 1000
"""Keys in one request, the most that S3 takes."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One object in a listing.

    Attributes:
        key: without the site's prefix.
        size: in bytes.
        tag: changes whenever the object does.

    """

    key: str
    size: int
    tag: str


class Bucket:
    """The objects of one site. All methods block; several threads may use one object.

    Any method raises `ObjectStoreUnavailableError` when the service does not answer, and `ObjectStoreError`
    when it refuses.
    """

    def __init__(self, settings: S3Settings) -> None:
        """Prepare; nothing is asked of the service yet."""
        self._settings = settings
        self._name = settings.bucket
        self._prefix = f"{settings.prefix.strip('/')}/" if settings.prefix.strip("/") else ""
        self._client = self._connect(settings.endpoint_url)
        self._signer = self._connect(settings.public_endpoint_url or settings.endpoint_url)
        self._asleep_until = 0.0

    def list(self, prefix: str) -> Iterator[Listed]:
        """All objects whose keys begin so, in the order of their keys."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=self._prefix + prefix
        )
        with self._asking(prefix):
            for page in pages:
                for item in page.get("Contents", ()):
                    yield Listed(item["Key"].removeprefix(self._prefix), item["Size"], item["ETag"])

    def size(self, key: str) -> int | None:
        """Bytes of an object, or None where there is none."""
        try:
            with self._asking(key):
                head = self._client.head_object(Bucket=self._name, Key=self._prefix + key)
        except ObjectNotFoundError:
            return None
        return int(head["ContentLength"])

    def read(self, key: str) -> bytes:
        """All of a small object.

        Raises:
            ObjectNotFoundError: there is none.

        """
        return b"".join(self._chunks(key))

    def open(self, key: str) -> BinaryIO:
        """An object as a file that can be read at any place.

        Raises:
            ObjectNotFoundError: there is none.

        """
        size = self.size(key)
        if size is None:
            raise ObjectNotFoundError(f"the bucket has no object {key}")

        def fetch(start: int, end: int) -> bytes:
            with self._asking(key):
                answer = self._client.get_object(
                    Bucket=self._name, Key=self._prefix + key, Range=f"bytes={start}-{end - 1}"
                )
                data: bytes = answer["Body"].read()
            return data

        return buffered(size, fetch)

    def digest(self, key: str) -> str:
        """SHA-256 in hexadecimal of what the bucket holds now, read from it.

        Raises:
            ObjectNotFoundError: there is none.

        """
        found = hashlib.sha256()
        for chunk in self._chunks(key):
            found.update(chunk)
        return found.hexdigest()

    def download(self, key: str, path: Path) -> None:
        """Write an object into a file.

        Raises:
            ObjectNotFoundError: there is none.
            OSError: the file cannot be written.

        """
        with self._asking(key):
            self._client.download_file(self._name, self._prefix + key, str(path), Config=TRANSFER)

    def upload(self, path: Path, key: str) -> None:
        """Put a file, in parts if it is large; the service compares each part with its SHA-256."""
        with self._asking(key):
            self._client.upload_file(
                str(path),
                self._name,
                self._prefix + key,
                ExtraArgs={"ChecksumAlgorithm": "SHA256"},
                Config=TRANSFER,
            )

    def create(self, key: str, data: bytes) -> bool:
        """Put a small object unless there is one; of several who try at once, one is told that it has."""
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        try:
            with self._asking(key):
                self._client.put_object(
                    Bucket=self._name,
                    Key=self._prefix + key,
                    Body=data,
                    ChecksumSHA256=checksum,
                    IfNoneMatch="*",
                )
        except ObjectExistsError:
            return False
        return True

    def copy(self, source: str, target: str) -> None:
        """Copy an object within the bucket, without its bytes coming here.

        Raises:
            ObjectNotFoundError: there is none.

        """
        with self._asking(source):
            self._client.copy(
                {"Bucket": self._name, "Key": self._prefix + source},
                self._name,
                self._prefix + target,
                Config=TRANSFER,
            )

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those that are not there are no error."""
        doomed = [*keys]
        for start in range(0, len(doomed), DELETE_AT_ONCE):
            some = doomed[start : start + DELETE_AT_ONCE]
            with self._asking(some[0]):
                self._client.delete_objects(
                    Bucket=self._name,
                    Delete={"Objects": [{"Key": self._prefix + key} for key in some], "Quiet": True},
                )

    def abort_uploads(self, prefix: str) -> None:
        """Free the parts of uploads that never ended."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._name, Prefix=self._prefix + prefix
        )
        with self._asking(prefix):
            for page in pages:
                for upload in page.get("Uploads", ()):
                    self._client.abort_multipart_upload(
                        Bucket=self._name, Key=upload["Key"], UploadId=upload["UploadId"]
                    )

    def upload_url(self, key: str, seconds: int) -> str:
        """Absolute URL that takes one object by PUT, from anybody, for so long."""
        with self._asking(key):
            url: str = self._signer.generate_presigned_url(
                "put_object", Params={"Bucket": self._name, "Key": self._prefix + key}, ExpiresIn=seconds
            )
        return url

    def _chunks(self, key: str) -> Iterator[bytes]:
        with self._asking(key):
            answer = self._client.get_object(Bucket=self._name, Key=self._prefix + key)
            yield from answer["Body"].iter_chunks(MEBIBYTE)

    @contextmanager
    def _asking(self, key: str) -> Iterator[None]:
        if time.monotonic() < self._asleep_until:
            raise ObjectStoreUnavailableError("the object store did not answer a moment ago")
        try:
            yield
        except FAILURES as error:
            ours = translated(error, self._name, key)
            if isinstance(ours, ObjectStoreUnavailableError):
                self._asleep_until = time.monotonic() + PAUSE_SECONDS
            raise ours from error

    def _connect(self, endpoint_url: str) -> Any:
        settings = self._settings
        return boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint_url or None,
            region_name=settings.region,
            aws_access_key_id=settings.access_key_id or None,
            aws_secret_access_key=settings.secret_access_key or None,
            config=Config(
                signature_version="s3v4",
                connect_timeout=settings.connect_seconds,
                read_timeout=settings.read_seconds,
                max_pool_connections=2 * AT_ONCE,
                retries={"mode": "standard", "total_max_attempts": settings.attempts},
                s3={"addressing_style": "path" if endpoint_url else "auto"},
            ),
        )
