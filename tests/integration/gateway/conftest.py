"""One Triton and one site for all tests of the gateway; each file runs its own gateway."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from running import gateway
from site_setup import Site

from control_plane.db.engine import Database
from gateway.settings import GatewaySettings
from model_repository.server import EmbeddedTriton
from model_repository.settings import TritonSettings
from model_repository.storage import FolderStorage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    storage = FolderStorage(folder / "repository")
    triton = EmbeddedTriton(
        repository=storage.root, runtime=folder / "triton", settings=TritonSettings(start_seconds=120)
    )
    database = Database(f"sqlite+aiosqlite:///{folder / 'trireme.db'}")
    await database.upgrade()
    await triton.start()
    try:
        yield Site(folder / "entries", database, storage, triton)
    finally:
        await triton.stop()
        await database.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def alice(site: Site) -> str:
    """Key of an account, on a site with a built-in model."""
    await site.deploy("tiny", aliases=("english",), seed=1)
    return await site.key("alice")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(site: Site, alice: str) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway(site, GatewaySettings(), alice) as running:
        yield running
