"""One Triton, one site and one gateway for all tests of uploaded code."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from custom_builds import write_model
from databases import NewDatabase, chosen
from sandbox_site import OWNER, Site, gateway

from control_plane.db.engine import Database
from model_repository.server import EmbeddedTriton
from model_repository.settings import TritonSettings
from model_repository.storage import FolderStorage

NEIGHBOUR = """
def load_model(path):
    return 0

def call_model(model, params, task=None):
    return {"here": sorted(params)}
"""


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """PostgreSQL, so that whole requests are seen on it, too."""
    return chosen(request, otherwise="postgresql")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("sandbox")
    storage = FolderStorage(folder / "repository")
    triton = EmbeddedTriton(
        repository=storage.root, runtime=folder / "triton", settings=TritonSettings(start_seconds=120)
    )
    database = Database(new_database(folder))
    await database.upgrade()
    try:
        await triton.start()
        yield Site(folder, database, storage, triton)
    finally:
        await triton.stop()
        await database.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stranger(site: Site) -> str:
    """Key of another account."""
    return await site.key("mallory")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(site: Site, stranger: str) -> AsyncIterator[httpx.AsyncClient]:
    """Of the account that owns all models."""
    async with gateway(site, await site.key(OWNER)) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def neighbour(site: Site, client: httpx.AsyncClient) -> str:
    """A harmless model that must go on serving."""
    await site.serve(client, "neighbour", write_model(site.folder / "neighbour", module=NEIGHBOUR))
    return "neighbour"
