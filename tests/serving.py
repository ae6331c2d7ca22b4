"""Models put into service without a build, and a gateway that serves them within the test's process."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
from sockets import on_a_socket
from sqlmodel import select

from control_plane.builds.tables import Build, BuildStatus
from control_plane.db.engine import Database
from control_plane.db.generation import touch_catalog
from control_plane.db.types import utc_now
from control_plane.models.tables import Version, VersionState
from control_plane.routers.service import route_to
from control_plane.routers.tables import Router
from control_plane.settings import UploadSettings
from control_plane.uploads.store import FolderStore
from gateway.app import create_app
from gateway.settings import GatewaySettings
from model_repository.client import TritonClient
from model_repository.manifest import Manifest
from model_repository.rollout import bring_up
from model_repository.server import EmbeddedTriton
from model_repository.storage import FolderStorage


async def load(triton: EmbeddedTriton, storage: FolderStorage, *entries: str) -> None:
    """Load published entries, as a rollout does."""
    client = TritonClient(triton.url)
    try:
        for entry in entries:
            await bring_up(client, storage, storage.manifest(entry))
    finally:
        await client.close()


async def put_into_service(database: Database, build_id: int, manifests: Sequence[Manifest]) -> None:
    """End a build as if it had made these entries, which are loaded already."""
    tasks = tuple(dict.fromkeys(task for manifest in manifests for task in manifest.tasks))
    async with database.session() as session:
        build = await session.get_one(Build, build_id)
        build.status = BuildStatus.SUCCEEDED
        version = await session.get_one(Version, build.version_id)
        version.manifests, version.published = tuple(manifests), True
        version.state, version.activated_at = VersionState.ACTIVE, utc_now()
        router = (await session.exec(select(Router).where(Router.model_id == version.model_id))).one()
        await route_to(session, router, build.version_id, tasks)
        await touch_catalog(session)


@asynccontextmanager
async def gateway(
    database: Database,
    storage: FolderStorage,
    triton: EmbeddedTriton,
    key: str,
    *,
    settings: GatewaySettings = GatewaySettings(),  # noqa: B008 - it is frozen
    uploads: FolderStore | None = None,
    upload_settings: UploadSettings = UploadSettings(),  # noqa: B008 - it is frozen
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway that runs as long as the block.

    Args:
        key: that the client sends as `x-api-key`.
        uploads: where zips are kept; beside the repository if left out.

    """
    app = create_app(
        settings,
        database=database,
        storage=storage,
        triton_urls=[triton.url],
        triton_http_urls=[triton.http_url],
        uploads=uploads or FolderStore(storage.root.with_name("uploads")),
        upload_settings=upload_settings,
    )
    async with (
        on_a_socket(app) as url,
        httpx.AsyncClient(base_url=url, headers={"x-api-key": key}, timeout=120, trust_env=False) as client,
    ):
        yield client
