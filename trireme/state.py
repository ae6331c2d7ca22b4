"""Opens the database and the repository that a command works on; what that needs is imported only then."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from trireme.settings import Settings, SettingsError

if TYPE_CHECKING:
    from control_plane.db.engine import Database
    from control_plane.uploads.store import UploadStore
    from model_repository.objects.bucket import Bucket
    from model_repository.storage import Storage
    from model_repository.storage.bucket import BucketStorage
    from model_repository.storage.mirror import Mirror


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator["Database"]:
    """The configured database, brought to the newest schema."""
    from control_plane.db.engine import Database  # noqa: PLC0415

    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    opened = Database(settings.database_url)
    try:
        await opened.upgrade()
        yield opened
    finally:
        await opened.close()


def storage(settings: Settings) -> "Storage":
    """Where published models are kept: the configured bucket, or the data folder.

    Raises:
        SettingsError: a bucket is configured and boto3 is not installed.

    """
    from model_repository.storage import FolderStorage  # noqa: PLC0415

    return bucket_storage(settings) if settings.s3.bucket else FolderStorage(settings.repository)


def bucket_storage(settings: Settings) -> "BucketStorage":
    """The models in the configured bucket.

    Raises:
        SettingsError: no bucket is configured, or boto3 is not installed.

    """
    opened = bucket(settings)
    from model_repository.storage.bucket import BucketStorage  # noqa: PLC0415  # needs boto3

    return BucketStorage(opened, lag_seconds=settings.s3.lag_seconds)


def uploads(settings: Settings) -> "UploadStore":
    """Where uploaded zips are kept: the configured bucket, or the data folder.

    Raises:
        SettingsError: a bucket is configured and boto3 is not installed.

    """
    if not settings.s3.bucket:
        from control_plane.uploads.store import FolderStore  # noqa: PLC0415

        return FolderStore(settings.upload_folder)
    opened = bucket(settings)
    from control_plane.uploads.bucket import BucketStore  # noqa: PLC0415  # needs boto3

    return BucketStore(opened, max_bytes=settings.uploads.max_bytes)


def mirror(settings: Settings) -> "Mirror":
    """This host's copy of the models in the configured bucket.

    Raises:
        SettingsError: no bucket is configured, or boto3 is not installed.

    """
    source = bucket_storage(settings)
    from model_repository.storage import FolderStorage  # noqa: PLC0415
    from model_repository.storage.mirror import Mirror  # noqa: PLC0415

    return Mirror(source, FolderStorage(settings.mirror))


def bucket(settings: Settings) -> "Bucket":
    """The configured bucket.

    Raises:
        SettingsError: no bucket is configured, or boto3 is not installed.

    """
    if not settings.s3.bucket:
        raise SettingsError("no bucket is configured", hint="Set s3.bucket, and s3.endpoint_url if needed.")
    try:
        from model_repository.objects.bucket import Bucket  # noqa: PLC0415  # the extra `s3`
    except ModuleNotFoundError as error:
        raise SettingsError("a bucket needs boto3", hint="pip install 'trireme[s3]'") from error
    return Bucket(settings.s3)
