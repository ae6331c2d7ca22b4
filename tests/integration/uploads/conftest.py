"""Everything between an author's folder and an answer: a gateway, a worker and Triton, and a key."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from databases import NewDatabase
from sockets import on_a_socket
from upload_site import Site

from control_plane.accounts.keys import KeyService
from control_plane.accounts.service import AccountService
from control_plane.db.engine import Database
from control_plane.settings import JobSettings, UploadSettings
from control_plane.uploads.store import FolderStore
from control_plane.worker import Worker
from gateway.app import create_app
from gateway.settings import GatewaySettings
from model_repository.server import EmbeddedTriton
from model_repository.settings import TritonSettings
from model_repository.storage import FolderStorage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("uploads")
    storage, uploads = FolderStorage(folder / "repository"), FolderStore(folder / "uploads")
    database = Database(new_database(folder))
    await database.upgrade()
    await AccountService(database).ensure("author")
    key = (await KeyService(database).create("author", "test")).secret
    triton = EmbeddedTriton(
        repository=storage.root, runtime=folder / "triton", settings=TritonSettings(start_seconds=120)
    )
    await triton.start()
    stop = asyncio.Event()
    worker = Worker(
        database,
        storage,
        triton_urls=[triton.url],
        settings=JobSettings(),
        workspaces=folder / "builds",
        uploads=uploads,
    )
    working = asyncio.create_task(worker.run(stop))
    app = create_app(
        GatewaySettings(),
        database=database,
        storage=storage,
        triton_urls=[triton.url],
        triton_http_urls=[triton.http_url],
        uploads=uploads,
        upload_settings=UploadSettings(),
    )
    try:
        async with (
            on_a_socket(app) as url,
            httpx.AsyncClient(
                base_url=url, headers={"x-api-key": key}, timeout=60, trust_env=False
            ) as client,
        ):
            yield Site(client, key)
    finally:
        stop.set()
        await working
        await triton.stop()
        await database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the author's files lie."""
    made = tmp_path / "my-model"
    made.mkdir()
    return made
