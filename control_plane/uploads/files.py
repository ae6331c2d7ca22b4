"""The files of an upload as their owner reads them back."""

import asyncio
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from sqlmodel import col, select

from control_plane.db.engine import Database
from control_plane.models.queries import owned_by
from control_plane.models.tables import Model, Version, VersionState
from control_plane.uploads.errors import UploadGoneError
from control_plane.uploads.store import UploadStore
from control_plane.uploads.tables import Upload, UploadState
from converters.zips.reading import reading

PIECE = 1 << 16


class UploadedFiles(NamedTuple):
    """What can be read back of a model.

    Attributes:
        members: of the zip, by the names under which they are read.

    """

    upload: str
    members: dict[str, str]


class FileService:
    """Finds and reads single files."""

    def __init__(self, database: Database, store: UploadStore) -> None:
        self._database = database
        self._store = store

    async def of(self, account_id: int, model: str) -> UploadedFiles | None:
        """Files of the version that serves, or else of the newest; None where neither was uploaded."""
        found = (
            select(Upload)
            .join(Version, col(Upload.version_id) == Version.id)
            .join(Model, col(Version.model_id) == Model.id)
            .where(owned_by(account_id), Model.name == model, Upload.state == UploadState.ARRIVED)
            .order_by((col(Version.state) == VersionState.ACTIVE).desc(), col(Version.number).desc())
        )
        async with self._database.reading() as session:
            upload = (await session.exec(found.limit(1))).first()
        return None if upload is None else UploadedFiles(upload.id, upload.files)

    async def read(self, upload: str, member: str) -> Iterator[bytes]:
        """Bytes of a file, a piece at a time; each step blocks.

        Raises:
            UploadGoneError: the zip has been removed since.

        """
        try:
            file = await asyncio.to_thread(self._store.open, upload)
        except FileNotFoundError as error:
            raise UploadGoneError("the file is no longer there") from error
        return _pieces(file, member)


def _pieces(file: BinaryIO, member: str) -> Iterator[bytes]:
    with file, reading(file) as (archive, _), archive.open(member) as packed:
        while piece := packed.read(PIECE):
            yield piece
