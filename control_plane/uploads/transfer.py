"""Carries uploaded zips from a folder into a bucket."""

from collections.abc import Callable
from pathlib import Path

from control_plane.uploads.bucket import key_of
from model_repository import digests
from model_repository.errors import ObjectNotFoundError, ObjectStoreError
from model_repository.objects.bucket import Bucket

Told = Callable[[int, int], None]
"""Is called with how many zips have arrived, and how many there are."""


def transfer(source: Path, target: Bucket, told: Told = lambda done, total: None) -> int:
    """Copy all zips; those that an earlier call has brought there are only compared.

    Returns:
        how many there are.

    Raises:
        ObjectStoreError: what arrived is not what was sent.
        ObjectStoreUnavailableError: the bucket went away; call again.

    """
    zips = sorted(source.glob("*.zip"))
    for done, path in enumerate(zips, 1):
        key, digest = key_of(path.stem), digests.of_file(path)
        if _found(target, key) != digest:
            target.upload(path, key)
            if _found(target, key) != digest:
                raise ObjectStoreError(f"{path.name} did not arrive whole", hint="Do it again.")
        told(done, len(zips))
    return len(zips)


def _found(target: Bucket, key: str) -> str | None:
    try:
        return target.digest(key)
    except ObjectNotFoundError:
        return None
