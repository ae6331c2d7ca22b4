"""A site of its own for a test: database, repository, and questions to them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deployable import write_entry

from control_plane.builds.schemas import BuildSummary
from control_plane.builds.service import BuildService
from control_plane.builds.tables import UNFINISHED, Build
from control_plane.db.engine import Database
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService, add_model
from control_plane.models.tables import Version, VersionState
from control_plane.settings import JobSettings
from control_plane.uploads.store import FolderStore, UploadStore
from control_plane.worker import Worker
from model_repository.storage import Storage

SETTINGS = JobSettings(lease_seconds=2, threads=1)


@dataclass
class Site:
    folder: Path
    database: Database
    storage: Storage
    uploads: UploadStore | None = None

    def __post_init__(self) -> None:
        self.uploads = self.uploads or FolderStore(self.folder / "uploads")

    @property
    def models(self) -> ModelService:
        return ModelService(self.database)

    @property
    def builds(self) -> BuildService:
        return BuildService(self.database)

    async def stage(self, *parts: str, liars: Collection[str] = ()) -> int:
        """Leave a build as a worker does that stops between publishing and loading.

        Args:
            parts: of the version's entries; none for a version of one entry.
            liars: parts that do not answer as their sample says.

        """
        async with self.database.session() as session:  # one transaction: no worker sees it before
            build = await session.get_one(
                Build, await add_model(session, NewModel(name="mini", source="file:x"))
            )
            version = await session.get_one(Version, build.version_id)
            folder = self.folder / "entries" / str(version.number)
            version.manifests = tuple(
                write_entry(folder / part, "mini", version.number, part, honest=part not in liars)
                for part in parts or ("",)
            )
            version.published, version.state = True, VersionState.LOADING
            for manifest in version.manifests:
                await asyncio.to_thread(self.storage.publish, folder / manifest.part, manifest)
        assert build.id is not None
        return build.id

    async def ended(self, build: int) -> BuildSummary:
        await until(lambda: self._has_ended(build))
        return await self.builds.get(build)

    async def is_at(self, build: int, stage: str) -> bool:
        summary = await self.builds.get(build)
        assert summary.status in UNFINISHED, summary.message
        return summary.stage == stage

    async def states(self) -> dict[int, VersionState]:
        return {version.number: version.state for version in await self.models.versions(None, "mini")}

    @asynccontextmanager
    async def working(
        self, *urls: str, settings: JobSettings = SETTINGS
    ) -> AsyncIterator[asyncio.Task[None]]:
        """A worker in this process; stopped at the end."""
        stop = asyncio.Event()
        worker = Worker(
            self.database,
            self.storage,
            triton_urls=urls,
            settings=settings,
            workspaces=self.folder / "builds",
            uploads=self.uploads,
        )
        task = asyncio.create_task(worker.run(stop))
        try:
            yield task
        finally:
            stop.set()
            await task

    async def _has_ended(self, build: int) -> bool:
        return (await self.builds.get(build)).status not in UNFINISHED


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what the database or Triton says; the test's own time limit bounds it."""
    while not await condition():  # noqa: ASYNC110 - other processes set no event of ours
        await asyncio.sleep(0.1)
