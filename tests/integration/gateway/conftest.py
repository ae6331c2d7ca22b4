"""One Triton and one site for all tests of the gateway; each file runs its own gateway."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
import tiny_zoo
import tritonclient.http.aio as triton
from databases import NewDatabase
from kserve_tensors import doubled, looked_up
from running import gateway
from site_setup import Site
from tiny_model import average

from control_plane.db.engine import Database
from gateway.settings import GatewaySettings
from model_repository.manifest import Task
from model_repository.server import EmbeddedTriton
from model_repository.settings import TritonSettings
from model_repository.storage import FolderStorage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    storage = FolderStorage(folder / "repository")
    triton = EmbeddedTriton(
        repository=storage.root, runtime=folder / "triton", settings=TritonSettings(start_seconds=120)
    )
    database = Database(new_database(folder))
    await database.upgrade()
    try:
        await triton.start()
        yield Site(folder / "entries", database, storage, triton)
    finally:
        await triton.stop()
        await database.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def alice(site: Site) -> str:
    """Key of an account, on a site with a built-in model."""
    await site.deploy("tiny", average(seed=1), aliases={Task.EMBEDDING: ("english",)})
    return await site.key("alice")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(site: Site, alice: str) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway(site, GatewaySettings(), alice) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def zoo(site: Site, alice: str) -> AsyncIterator[httpx.AsyncClient]:
    """Client of a gateway that serves a tiny model for every task but generation."""
    english = ("english",)
    await site.deploy("nli", tiny_zoo.entailment().graph, aliases={Task.TEXT_CLASSIFICATION: english})
    await site.deploy("sentiment", tiny_zoo.sentiment().graph)
    await site.deploy("spans", tiny_zoo.spans().graph, aliases={Task.QUESTION_ANSWERING: english})
    await site.deploy("entities", tiny_zoo.entities().graph)
    await site.deploy("colours", tiny_zoo.colours().graph)
    await site.deploy(
        "clip",
        *(tower.graph for tower in tiny_zoo.clip_towers()),
        aliases={Task.IMAGE_CLASSIFICATION: english},
    )
    async with gateway(site, GatewaySettings(), alice) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kserve(site: Site, alice: str) -> AsyncIterator[httpx.AsyncClient]:
    """Client of a gateway whose graphs are asked by tensors."""
    await site.deploy("doubled", doubled())
    await site.deploy("looked-up", looked_up())
    await site.deploy("clip", *(tower.graph for tower in tiny_zoo.clip_towers()))
    async with gateway(site, GatewaySettings(), alice) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def triton_client(kserve: httpx.AsyncClient) -> AsyncIterator[triton.InferenceServerClient]:
    """Triton's own client of the same."""
    async with triton.InferenceServerClient(kserve.base_url.netloc.decode()) as running:
        yield running


@pytest.fixture
def bearer(alice: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {alice}"}
