"""The database: one class for SQLite and PostgreSQL, with transactions that commit at the end of a block."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import aiosqlite
from sqlalchemy import URL, Connection, event, inspect, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.db.errors import DatabaseUnavailableError, UnusableDatabaseError

ALEMBIC_INI = Path(__file__).with_name("alembic.ini")
REVISIONS = Path(__file__).parent / "migrations" / "versions"
BUSY_TIMEOUT_MS = 30_000
"""How long a SQLite statement waits for another process's write."""
_RETRY_SECONDS = 0.02
_MIGRATION_LOCK = 0x7472_6972
"""Key of the PostgreSQL advisory lock under which migrations run."""


class Database:
    """The only door to SQL.

    On SQLite a writing transaction takes the write lock at its start: two writers then wait for each other,
    instead of one failing half-way when its snapshot has grown old.
    """

    def __init__(self, url: str | URL) -> None:
        self.url = make_url(url)
        self._sqlite = self.url.get_backend_name() == "sqlite"
        if self._sqlite:
            engine = _sqlite_engine(self.url, foreign_keys=True)
            self._reader = engine.execution_options(sqlite_begin="BEGIN")
        else:
            engine = create_async_engine(self.url, pool_pre_ping=True)
            self._reader = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._writer = engine

    async def upgrade(self) -> None:
        """Bring the schema to the newest revision; a second process that asks too waits.

        Raises:
            UnusableDatabaseError: there is no database that can be used; the message has its reason.
            OSError: its folder cannot be made.

        """
        try:
            await self._upgrade()
        except TimeoutError as error:
            raise UnusableDatabaseError("the database cannot be used: it is locked") from error
        except (DBAPIError, sqlite3.Error) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise UnusableDatabaseError(f"the database cannot be used: {reason}") from error
        except OSError as error:
            if error.filename is not None:
                raise
            raise UnusableDatabaseError(f"the database cannot be reached: {error.strerror}") from error

    async def _upgrade(self) -> None:
        if self._sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            await _write_ahead(self.url.database)
        # Foreign keys find their tables by name: whoever works on one needs all of them loaded.
        from control_plane.db import tables  # noqa: F401, PLC0415

        async with self._reader.connect() as connection:
            revision = await connection.run_sync(_revision)
        newest = max(path.name.partition("_")[0] for path in REVISIONS.glob("[0-9]*.py"))
        if revision > newest:
            raise UnusableDatabaseError(
                f"a newer version has changed the database (revision {revision}, this one knows {newest})",
                hint="Start that version, or restore the backup from before the upgrade.",
            )
        if revision < newest:
            await self._migrate("upgrade", "head")

    async def downgrade(self, revision: str) -> None:
        """Take the schema back to an earlier revision, `base` for none; what only newer ones hold is lost."""
        await self._migrate("downgrade", revision)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One transaction that may write: committed at the end of the block, rolled back on an error.

        Raises:
            DatabaseUnavailableError: there is no database, or no longer.

        """
        async with _transaction(self._writer) as session:
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """One transaction that only reads, sees one state throughout and waits for no writer.

        Raises:
            DatabaseUnavailableError: there is no database, or no longer.

        """
        async with _transaction(self._reader) as session:
            yield session

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """One transaction below the level of objects, that may write."""
        async with self._writer.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Give all connections back."""
        await self._writer.dispose()

    async def _migrate(self, command: Literal["upgrade", "downgrade"], revision: str) -> None:
        # SQLite changes a table by making it anew: without foreign keys, others may refer to it meanwhile.
        engine = _sqlite_engine(self.url, foreign_keys=False) if self._sqlite else self._writer
        async with engine.begin() as connection:
            if not self._sqlite:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            await connection.run_sync(_run_alembic, command, revision)
            if self._sqlite:
                broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
                if broken:
                    raise IntegrityError(f"{command} to {revision}", None, ValueError(f"dangling: {broken}"))
        if self._sqlite:
            await engine.dispose()


@asynccontextmanager
async def _transaction(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    try:
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            try:
                await session.connection()  # at once, so that this is not taken for a failure of the block
            except (OSError, DBAPIError) as error:  # no server, or one that starts, or takes no more
                raise DatabaseUnavailableError("the database cannot be reached") from error
            yield session
    except DBAPIError as error:
        if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
            raise DatabaseUnavailableError("the database does not answer") from error
        raise
    except PoolTimeoutError as error:
        raise DatabaseUnavailableError("the database is busy") from error


def _revision(connection: Connection) -> str:
    """Of the schema, empty before the first. Revisions' files are named by their ids, which rise."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _run_alembic(connection: Connection, command: str, revision: str) -> None:
    # Loaded only where there is something to migrate: mostly there is not, and it takes a while.
    from alembic import command as commands  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config(ALEMBIC_INI)
    config.attributes["connection"] = connection
    getattr(commands, command)(config, revision)


def _sqlite_engine(url: URL, *, foreign_keys: bool) -> AsyncEngine:
    engine = create_async_engine(url)
    event.listen(engine.sync_engine, "connect", partial(_configure_sqlite, foreign_keys=foreign_keys))
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


async def _write_ahead(path: str) -> None:
    """Have the file keep a write-ahead log from now on: readers and a writer then do not wait for each other.

    SQLite refuses this at once while another process holds a lock, whatever its busy timeout.
    """
    async with asyncio.timeout(BUSY_TIMEOUT_MS / 1000):
        while True:
            try:
                async with aiosqlite.connect(path) as connection:
                    await connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return


def _configure_sqlite(connection: Any, _record: object, *, foreign_keys: bool) -> None:
    connection.isolation_level = None  # the driver would begin transactions by itself, and too late
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "synchronous=NORMAL",
        f"foreign_keys={foreign_keys:d}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE"))
