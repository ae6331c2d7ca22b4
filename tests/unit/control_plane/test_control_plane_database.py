"""Schema, transactions and what they promise, on both databases."""

import asyncio
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from databases import postgresql_database
from sqlalchemy import Connection, text
from sqlalchemy.exc import StatementError
from sqlmodel import select

from control_plane.accounts.service import AccountService
from control_plane.accounts.tables import Account
from control_plane.db.engine import Database
from control_plane.db.errors import DatabaseUnavailableError, UnusableDatabaseError
from control_plane.db.tables import metadata
from control_plane.snapshot import read_generation


async def test_migrations_make_exactly_the_tables_of_the_code(database: Database):
    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    async with database._writer.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_four_processes_may_upgrade_at_once(empty: str):
    program = (
        "import asyncio, sys; from control_plane.db.engine import Database;"
        "asyncio.run(Database(sys.argv[1]).upgrade())"
    )
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, empty, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in processes:
        _, stderr = await process.communicate()
        assert process.returncode == 0, stderr.decode()
    database = Database(empty)
    assert await read_generation(database) == 1
    await database.close()


async def test_a_database_of_a_newer_version_is_left_alone(database: Database):
    async with database.connection() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnusableDatabaseError, match=r"newer version .*revision 9999") as caught:
        await database.upgrade()
    assert "restore the backup" in caught.value.hint


async def test_a_file_that_is_no_database_is_told_as_such(tmp_path: Path):
    (tmp_path / "state.db").write_bytes(b"not SQLite at all" * 100)
    with pytest.raises(UnusableDatabaseError, match="file is not a database"):
        await Database(f"sqlite+aiosqlite:///{tmp_path}/state.db").upgrade()


@pytest.mark.integration
async def test_a_server_that_takes_no_connections_is_away(postgres_server: str):
    url = postgresql_database(postgres_server)
    admin = await asyncpg.connect(f"postgresql://{postgres_server}/postgres")
    await admin.execute(f'ALTER DATABASE "{url.rpartition("/")[2]}" ALLOW_CONNECTIONS false')
    await admin.close()
    closed = Database(url)
    with pytest.raises(DatabaseUnavailableError, match="cannot be reached"):
        await AccountService(closed).list()
    with pytest.raises(UnusableDatabaseError, match="not currently accepting connections"):
        await closed.upgrade()


async def test_a_server_that_is_not_there_is_named_without_the_password(unused_tcp_port: int):
    nowhere = Database(f"postgresql+asyncpg://me:hunter2@127.0.0.1:{unused_tcp_port}/none")
    with pytest.raises(UnusableDatabaseError, match=r"cannot be reached: \S") as caught:
        await nowhere.upgrade()
    assert "hunter2" not in caught.value.message


async def test_a_failed_block_leaves_nothing(database: Database):
    async def half() -> None:
        async with database.session() as session:
            session.add(Account(name="half"))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await half()
    assert await AccountService(database).list() == []


async def test_times_keep_their_moment_and_come_back_in_utc(database: Database):
    moment = datetime(2026, 5, 4, 3, 2, 1, 999, tzinfo=timezone(timedelta(hours=7)))
    async with database.session() as session:
        session.add(Account(name="a", created_at=moment))
    async with database.reading() as session:
        read = (await session.exec(select(Account.created_at))).one()
    assert read == moment
    assert read.tzinfo is UTC


async def test_times_without_a_zone_are_refused(database: Database):
    with pytest.raises(StatementError, match="without a zone"):
        async with database.session() as session:
            session.add(Account(name="a", created_at=datetime(2026, 1, 1)))  # noqa: DTZ001 - the mistake itself


async def test_a_reader_sees_one_state_while_others_write(database: Database):
    accounts = AccountService(database)
    async with database.reading() as session:
        before = (await session.exec(select(Account))).all()
        await accounts.ensure("late")
        assert (await session.exec(select(Account))).all() == before
    assert await accounts.list() == ["late"]


async def test_a_locked_sqlite_file_is_waited_for(tmp_path: Path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/state.db")
    await database.upgrade()
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(AccountService(database).ensure("patient"))
    assert await read_generation(database) == 1  # readers are not held up
    done, _ = await asyncio.wait([writing], timeout=0.5)
    assert not done
    other.execute("COMMIT")
    assert await writing == 1
    other.close()
    await database.close()


async def test_many_writers_at_once_all_succeed(database: Database):
    accounts = AccountService(database)
    ids = await asyncio.gather(*(accounts.ensure(f"account-{number}") for number in range(20)))
    assert len(set(ids)) == 20
