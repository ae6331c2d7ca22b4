"""Brings uploads forward that nobody waits for: those that arrive elsewhere, and those that are over."""

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement, func, or_, update
from sqlmodel import col, exists, select

from control_plane.builds.tables import UNFINISHED, Build
from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.models.tables import Model, Version, VersionState
from control_plane.uploads.arrival import Arrival, complete, look_into
from control_plane.uploads.contents import Contents
from control_plane.uploads.errors import UploadForbiddenError
from control_plane.uploads.store import UploadStore
from control_plane.uploads.tables import Upload, UploadState

LATE = timedelta(hours=1)
"""An object store looks at the URL when a PUT begins; one that began in time may end so much later."""

logger = structlog.get_logger(__name__)


class UploadSweeper:
    """Runs in workers. Each step is done again after a crash, and does no harm twice."""

    def __init__(self, database: Database, store: UploadStore) -> None:
        self._database = database
        self._store = store

    async def sweep(self) -> None:
        """Do what is due now."""
        if self._store.direct:
            await self._collect()
        await self._give_up()
        await self._remove()

    async def _collect(self) -> None:
        """Queue the builds of what clients have sent to the store."""
        async with self._database.reading() as session:
            waiting = (await session.exec(select(Upload.id).where(Upload.state == UploadState.ISSUED))).all()
        for upload in waiting:
            size = await asyncio.to_thread(self._store.arrived, upload)
            if size is None:
                continue
            try:
                contents = await asyncio.to_thread(look_into, self._store, upload)
            except FileNotFoundError:  # nobody wants it, which its build will say
                contents = Contents({})
            try:
                arrival = Arrival(upload, size, None, contents)
                await complete(self._database, arrival, before=UploadState.ISSUED)
            except UploadForbiddenError:  # another worker was faster
                continue

    async def _give_up(self) -> None:
        """Mark what is over: tickets that expired, PUTs left behind, zips that no version needs."""
        now = utc_now()
        late = LATE if self._store.direct else timedelta()
        expired = (col(Upload.state) == UploadState.ISSUED) & (col(Upload.expires_at) < now - late)
        left = (col(Upload.state) == UploadState.RECEIVING) & (col(Upload.deadline) < now)
        unneeded = (col(Upload.state) == UploadState.ARRIVED) & ~_is_needed()
        over = or_(expired, left, unneeded)
        async with self._database.reading() as session:  # mostly nothing is, and nobody need wait for that
            if (await session.exec(select(Upload.id).where(over).limit(1))).first() is None:
                return
        async with self._database.session() as session:
            marked = update(Upload).where(over).values(state=UploadState.GONE)
            await session.exec(marked.execution_options(synchronize_session=False))

    async def _remove(self) -> None:
        async with self._database.reading() as session:
            gone = (await session.exec(select(Upload.id).where(Upload.state == UploadState.GONE))).all()
        for upload in gone:
            await asyncio.to_thread(self._store.remove, upload)
            async with self._database.session() as session:
                if (row := await session.get(Upload, upload)) is not None:
                    await session.delete(row)
            logger.info("upload removed", upload=upload)


def _is_needed() -> ColumnElement[bool]:
    """The zip belongs to a live model's version that serves, is being built or came last."""
    newest = select(func.max(col(Version.id))).group_by(col(Version.model_id))
    building = exists().where(col(Build.version_id) == Version.id, col(Build.status).in_(UNFINISHED))
    serving = col(Version.state) == VersionState.ACTIVE
    kept = or_(serving, building, col(Version.id).in_(newest))
    live = select(Version.id).join(Model).where(col(Model.deleted_at).is_(None))
    return col(Upload.version_id).in_(live.where(kept))
