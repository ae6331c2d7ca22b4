"""A real Triton with a repository of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tiny_repository import Repository

from model_repository.client import TritonClient
from model_repository.server import EmbeddedTriton
from model_repository.settings import TritonSettings
from model_repository.storage import FolderStorage


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(FolderStorage(tmp_path / "repository"), tmp_path / "work")


@pytest.fixture
async def triton(tmp_path: Path, repository: Repository) -> AsyncIterator[EmbeddedTriton]:
    server = EmbeddedTriton(
        repository=repository.storage.root, runtime=tmp_path / "triton", settings=TritonSettings()
    )
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(triton: EmbeddedTriton) -> AsyncIterator[TritonClient]:
    client = TritonClient(triton.url)
    yield client
    await client.close()
