"""A site for models of their authors' own code: real Triton, SQLite, repository and a gateway on a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import custom_builds
import httpx
from sockets import on_a_socket
from sqlmodel import select

from control_plane.accounts.keys import KeyService
from control_plane.accounts.service import AccountService
from control_plane.builds.tables import Build, BuildStatus
from control_plane.db.engine import Database
from control_plane.db.generation import touch_catalog
from control_plane.db.types import utc_now
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from control_plane.models.tables import Version, VersionState
from control_plane.routers.service import route_to
from control_plane.routers.tables import Router
from control_plane.settings import UploadSettings
from control_plane.uploads.store import FolderStore
from gateway.app import create_app
from gateway.settings import GatewaySettings
from model_repository import layout
from model_repository.client import TritonClient
from model_repository.manifest import Manifest, decode
from model_repository.rollout import bring_up
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
        await self.load(manifest)
        new = NewModel(name=name, source="file:/nowhere", tasks=manifest.tasks, owner=OWNER)
        build_id = await ModelService(self.database).add(new)
        async with self.database.session() as session:
            build = await session.get_one(Build, build_id)
            build.status = BuildStatus.SUCCEEDED
            version = await session.get_one(Version, build.version_id)
            version.manifests, version.published = (manifest,), True
            version.state, version.activated_at = VersionState.ACTIVE, utc_now()
            router = (await session.exec(select(Router).where(Router.model_id == version.model_id))).one()
            await route_to(session, router, version.id, manifest.tasks)
            await touch_catalog(session)
        async with asyncio.timeout(30):
            while await self._is_new(client, name):  # noqa: ASYNC110  # the gateway polls
                await asyncio.sleep(0.05)
        return manifest

    async def _is_new(self, client: httpx.AsyncClient, name: str) -> bool:
        """Whether the gateway has not heard of the model yet, or not of its version."""
        return (await client.post("/custom", json={"model": name})).status_code in (404, 409)

    async def load(self, manifest: Manifest) -> None:
        client = TritonClient(self.triton.url)
        try:
            await bring_up(client, self.storage, manifest)
        finally:
            await client.close()


@asynccontextmanager
async def gateway(site: Site, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway that runs as long as the block."""
    settings = GatewaySettings(poll_interval=0.05)
    app = create_app(
        settings,
        database=site.database,
        storage=site.storage,
        triton_urls=[site.triton.url],
        triton_http_urls=[site.triton.http_url],
        uploads=FolderStore(site.storage.root.with_name("uploads")),
        upload_settings=UploadSettings(),
    )
    async with (
        on_a_socket(app) as url,
        httpx.AsyncClient(base_url=url, headers={"x-api-key": key}, timeout=60, trust_env=False) as client,
    ):
        yield client
