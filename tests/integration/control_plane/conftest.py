"""Sites, Triton and sources for the control plane's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from databases import NewDatabase
from deployable import write_source
from site_under_test import Site

from control_plane.db.engine import Database
from model_repository.client import TritonClient
from model_repository.server import EmbeddedTriton
from model_repository.settings import TritonSettings
from model_repository.storage import FolderStorage


@pytest.fixture
def url(tmp_path: Path, new_database: NewDatabase) -> str:
    """Of the site's database; a test on PostgreSQL overrides it."""
    return new_database(tmp_path)


@pytest.fixture
async def site(tmp_path: Path, url: str) -> AsyncIterator[Site]:
    database = Database(url)
    await database.upgrade()
    yield Site(tmp_path, database, FolderStorage(tmp_path / "repository"))
    await database.close()


@pytest.fixture
async def triton(site: Site) -> AsyncIterator[EmbeddedTriton]:
    server = EmbeddedTriton(
        repository=site.storage.root,
        runtime=site.folder / "triton",
        settings=TritonSettings(start_seconds=120, stop_seconds=5),
    )
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(triton: EmbeddedTriton) -> AsyncIterator[TritonClient]:
    opened = TritonClient(triton.url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny model that a real conversion takes."""
    return write_source(tmp_path_factory.mktemp("source"))
