"""A site for models with their authors' own code: Triton, database, repository and a gateway on a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import custom_builds
import httpx
import serving
from serving import load, put_into_service

from control_plane.accounts.keys import KeyService
from control_plane.accounts.service import AccountService
from control_plane.db.engine import Database
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from gateway.settings import GatewaySettings
from model_repository import layout
from model_repository.manifest import Manifest, decode
from model_repository.server import EmbeddedTriton
from model_repository.storage import FolderStorage

OWNER = "alice"


@dataclass
class Site:
    folder: Path
    database: Database
    storage: FolderStorage
    triton: EmbeddedTriton

    async def key(self, account: str) -> str:
        """A new key's secret."""
        await AccountService(self.database).ensure(account)
        return (await KeyService(self.database).create(account, "test")).secret

    async def serve(self, client: httpx.AsyncClient, name: str, source: Path, **spec: object) -> Manifest:
        """Build an author's files, and put the version into service as a build would."""
        entry = await asyncio.to_thread(
            custom_builds.build, source, self.folder / "builds" / name, name=name, owner=OWNER, **spec
        )
        manifest = decode((entry / layout.MANIFEST).read_bytes())
        self.storage.publish(entry, manifest)
        await load(self.triton, self.storage, manifest.entry)
        new = NewModel(name=name, source="file:/nowhere", tasks=manifest.tasks, owner=OWNER)
        build_id = await ModelService(self.database).add(new)
        await put_into_service(self.database, build_id, [manifest])
        async with asyncio.timeout(30):
            while await self._is_new(client, name):  # noqa: ASYNC110  # the gateway polls
                await asyncio.sleep(0.05)
        return manifest

    async def _is_new(self, client: httpx.AsyncClient, name: str) -> bool:
        """Whether the gateway has not heard of the model yet, or not of its version."""
        return (await client.post("/custom", json={"model": name})).status_code in (404, 409)


@asynccontextmanager
async def gateway(site: Site, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway that runs as long as the block."""
    settings = GatewaySettings(poll_interval=0.05)
    async with serving.gateway(site.database, site.storage, site.triton, key, settings=settings) as client:
        yield client
