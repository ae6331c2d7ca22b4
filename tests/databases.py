"""Empty databases for tests: files of SQLite, or databases of one PostgreSQL server for all of them."""

import itertools
import subprocess
from collections.abc import Callable
from pathlib import Path

from postgresql import BIN

NewDatabase = Callable[[Path], str]
"""The URL of an empty database, which lies in the folder where it lies in one at all."""

_numbers = itertools.count()


def sqlite_database(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'trireme.db'}"


def postgresql_database(server: str) -> str:
    """A new database of a server, `USER@HOST:PORT`."""
    name = f"test_{next(_numbers)}"
    subprocess.run([BIN / "createdb", f"--maintenance-db=postgresql://{server}/postgres", name], check=True)
    return f"postgresql+asyncpg://{server}/{name}"
