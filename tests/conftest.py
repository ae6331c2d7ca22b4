"""Servers that tests of several folders share."""

import gc
import itertools
from collections.abc import Iterator
from pathlib import Path

import published
import pytest
import seaweed
from databases import NewDatabase, chosen, postgresql_database, postgresql_databases, sqlite_databases
from long_files import SECONDS
from postgresql import PostgresServer, postgres
from seaweed import S3Server
from shared_builds import SharedBuilds

from model_repository.settings import S3Settings

_numbers = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first, for workers that take one file after the other; see `scripts/test`."""
    items.sort(key=lambda item: -SECONDS.get(item.path.name, 0))


def pytest_collection_finish() -> None:
    """Have the collector of garbage pass over what lives to the end anyway: the libraries and the tests."""
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        help="what tests run on that would run on any database; without it most of them on SQLite",
    )


@pytest.fixture(scope="session")
def shared_builds(tmp_path_factory: pytest.TempPathFactory) -> SharedBuilds:
    return SharedBuilds.of(tmp_path_factory)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL: `USER@HOST:PORT`."""
    with postgres() as server:
        yield server.address


@pytest.fixture
def mortal_postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL for one test, which may stop and start it."""
    with postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """A database of its own without tables."""
    return postgresql_database(postgres_server)


@pytest.fixture(scope="session")
def new_sqlite(tmp_path_factory: pytest.TempPathFactory) -> NewDatabase:
    return sqlite_databases(tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="session")
def new_postgresql(postgres_server: str) -> NewDatabase:
    return postgresql_databases(postgres_server)


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """Makes databases for tests that would run on any."""
    return chosen(request, otherwise="sqlite")


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
