"""A site for tests: real Triton, SQLite and repository, with models put into service as a build would."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from serving import load, put_into_service
from tiny_graph import TinyGraph

from control_plane.accounts.keys import KeyService
from control_plane.accounts.service import AccountService
from control_plane.builds.tables import Build
from control_plane.db.engine import Database
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from control_plane.models.tables import Version
from control_plane.uploads.store import FolderStore
from model_repository.manifest import Task
from model_repository.server import EmbeddedTriton
from model_repository.storage import FolderStorage

Aliases = Mapping[Task, tuple[str, ...]]
NONE: Aliases = MappingProxyType({})


@dataclass
class Site:
    folder: Path
    database: Database
    storage: FolderStorage
    triton: EmbeddedTriton

    @property
    def uploads(self) -> FolderStore:
        return FolderStore(self.folder / "uploads")

    async def key(self, account: str) -> str:
        """A new key's secret."""
        await AccountService(self.database).ensure(account)
        return (await KeyService(self.database).create(account, "test")).secret

    async def revoke(self, secret: str) -> None:
        keys = KeyService(self.database)
        (key_id,) = [key.id for key in await keys.list() if secret.startswith(key.prefix)]
        await keys.revoke(key_id)

    async def announce(
        self,
        name: str,
        *,
        tasks: tuple[Task, ...] = (Task.EMBEDDING,),
        owner: str | None = None,
        aliases: Aliases = NONE,
    ) -> int:
        """Add a model whose build has not ended; returns the build's id."""
        new = NewModel(
            name=name, source="file:/tiny", tasks=tasks, owner=owner, aliases=dict(aliases), description=name
        )
        return await ModelService(self.database).add(new)

    async def deploy(
        self, name: str, *graphs: TinyGraph, owner: str | None = None, aliases: Aliases = NONE
    ) -> None:
        """Put a version of a model into service."""
        tasks = tuple(dict.fromkeys(task for graph in graphs for task in graph.tasks))
        build_id = await self.announce(name, tasks=tasks, owner=owner, aliases=aliases)
        async with self.database.reading() as session:
            build = await session.get_one(Build, build_id)
            number = (await session.get_one(Version, build.version_id)).number
        described = tuple(graph.manifest(owner or "global", name, number) for graph in graphs)
        for graph, manifest in zip(graphs, described, strict=True):
            folder = graph.write(self.folder / manifest.entry, manifest)
            self.storage.publish(folder, manifest)
            await self.load(manifest.entry)
        await put_into_service(self.database, build_id, described)

    async def load(self, entry: str) -> None:
        await load(self.triton, self.storage, entry)
