"""Servers that tests of several folders share."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import published
import pytest
import seaweed
from postgresql import postgres
from seaweed import S3Server

from model_repository.settings import S3Settings

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL: `USER@HOST:PORT`."""
    with postgres() as server:
        yield server


@pytest.fixture
async def postgres_url(postgres_server: str) -> str:
    """An empty database of its own."""
    name = f"test_{next(_numbers)}"
    connection = await asyncpg.connect(f"postgresql://{postgres_server}/postgres")
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return f"postgresql+asyncpg://{postgres_server}/{name}"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3 server that nobody kills."""
    server = seaweed.start()
    yield server
    server.remove()


@pytest.fixture
def mortal_s3() -> Iterator[S3Server]:
    """A real S3 server for one test, which may kill and start it."""
    server = seaweed.start()
    yield server
    server.remove()


@pytest.fixture
def s3_settings(s3_server: S3Server) -> S3Settings:
    """A place of its own in the bucket."""
    return s3_server.settings(f"site-{next(_numbers)}")


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the vendor's client as it is published."""
    return published.download(tmp_path_factory.mktemp("client"))
