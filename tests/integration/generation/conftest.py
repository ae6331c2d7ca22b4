"""One Triton and one site for all tests of generation; a model is built when the first test asks for it."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from chats import Chats, chatting
from databases import NewDatabase, chosen
from generation_site import Site, gateway
from shared_builds import SharedBuilds
from speech_site import Speech, serve_speech

from control_plane.db.engine import Database
from model_repository.client import TritonClient
from model_repository.server import EmbeddedTriton
from model_repository.settings import TritonSettings
from model_repository.storage import FolderStorage


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """PostgreSQL, so that whole requests are seen on it, too."""
    return chosen(request, otherwise="postgresql")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase, shared_builds: SharedBuilds
) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("generation")
    storage = FolderStorage(folder / "repository")
    triton = EmbeddedTriton(
        repository=storage.root, runtime=folder / "triton", settings=TritonSettings(start_seconds=120)
    )
    database = Database(new_database(folder))
    await database.upgrade()
    try:
        await triton.start()
        yield Site(folder, database, storage, triton, shared_builds)
    finally:
        await triton.stop()
        await database.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def triton(site: Site) -> AsyncIterator[TritonClient]:
    client = TritonClient(site.triton.url)
    yield client
    await client.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lasting_http(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    await site.serve("llama")
    await site.serve("t5")
    async with gateway(site) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def http(site: Site, lasting_http: httpx.AsyncClient) -> httpx.AsyncClient:
    """Client of a gateway that serves a decoder and an encoder-decoder."""
    await site.serve("llama")
    await site.serve("t5")
    return lasting_http


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def speech(site: Site) -> Speech:
    """A model that hears."""
    return await serve_speech(site)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def transcribing(site: Site, speech: Speech) -> AsyncIterator[httpx.AsyncClient]:
    """Client of a gateway that serves the model that hears."""
    async with gateway(site) as client:
        client.headers["authorization"] = f"Bearer {client.headers['x-api-key']}"
        yield client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chats(site: Site) -> AsyncIterator[Chats]:
    async with chatting(site) as each:
        yield each
