"""Databases for tests: files of SQLite, or databases of one PostgreSQL server for all of them."""

import asyncio
import itertools
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from postgresql import BIN

from control_plane.db.engine import Database

NewDatabase = Callable[[Path], str]
"""The URL of a database with all tables and no rows, which lies in the folder where it lies in one at all."""

_numbers = itertools.count()


def chosen(request: pytest.FixtureRequest, *, otherwise: str) -> NewDatabase:
    """Makes databases of the kind that `--database` names, or of another where it names none."""
    kind = request.config.getoption("--database") or otherwise
    made: NewDatabase = request.getfixturevalue(f"new_{kind}")
    return made


def sqlite_databases(folder: Path) -> NewDatabase:
    """Copies of one file, because the migrations take most of a test's time.

    Args:
        folder: where the file is made.

    """
    template = folder / "template.db"
    _migrate(f"sqlite+aiosqlite:///{template}")
    assert [path.name for path in folder.iterdir()] == [template.name], "the log is not written back"

    def copy(folder: Path) -> str:
        file = folder / "trireme.db"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(template, file)
        return f"sqlite+aiosqlite:///{file}"

    return copy


def postgresql_databases(server: str) -> NewDatabase:
    """Copies of one database of a server, `USER@HOST:PORT`."""
    template = postgresql_database(server)
    _migrate(template)
    name = template.rpartition("/")[2]
    return lambda _folder: postgresql_database(server, f"--template={name}")


def postgresql_database(server: str, *options: str) -> str:
    """A new database of a server, `USER@HOST:PORT`, which is empty unless options of `createdb` say else."""
    name = f"test_{next(_numbers)}"
    address = f"--maintenance-db=postgresql://{server}/postgres"
    subprocess.run([BIN / "createdb", address, *options, name], check=True)
    return f"postgresql+asyncpg://{server}/{name}"


def _migrate(url: str) -> None:
    async def migrate() -> None:
        database = Database(url)
        await database.upgrade()
        await database.close()

    with ThreadPoolExecutor(1) as thread:  # fixtures that ask for a database may run in an event loop
        thread.submit(asyncio.run, migrate()).result()
