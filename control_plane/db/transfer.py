"""Carries all rows from one database to another, of whatever kind, with their ids."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection

from control_plane.db.engine import Database
from control_plane.db.tables import metadata
from model_repository.errors import TriremeError

ROWS_AT_ONCE = 1000
UNKNOWN_TO_MODELS = {"alembic_version"}

Told = Callable[[str, int], None]
"""Is called with a table and how many of its rows have been carried so far."""


class TransferError(TriremeError):
    """The rows cannot be carried over; the target is as it was."""

    status = 409
    code = "transfer_refused"


async def transfer(
    source: Database, target: Database, told: Told = lambda table, rows: None
) -> dict[str, int]:
    """Copy every row, in one transaction of the target.

    Both schemas are brought to the newest revision first. Nothing may write to the source meanwhile.

    Returns:
        rows by table, counted again in the target.

    Raises:
        TransferError: the target holds data, the source has tables that nobody knows, or a count differs.

    """
    for database in (source, target):
        await database.upgrade()
    fresh = await _fresh_counts()
    async with source.connection() as reading, target.connection() as writing:
        await _refuse_strangers(reading)
        before = await _counts(writing)
        if filled := sorted(table for table, rows in before.items() if rows != fresh[table]):
            raise TransferError(
                f"the target database is not empty: {', '.join(filled)}",
                hint="Make a new, empty database and name it in database.url.",
            )
        for table in reversed(metadata.sorted_tables):
            await writing.execute(table.delete())  # the rows that migrations put there
        for table in metadata.sorted_tables:
            await _copy(reading, writing, table, told)
        if target.url.get_backend_name() == "postgresql":
            await _continue_sequences(writing)
        carried, expected = await _counts(writing), await _counts(reading)
        if carried != expected:
            raise TransferError(f"row counts differ: {carried} instead of {expected}")
    return carried


async def _fresh_counts() -> Mapping[str, int]:
    """Rows by table of a database that nobody has used."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Database(f"sqlite+aiosqlite:///{Path(folder, 'fresh.db')}")
        try:
            await fresh.upgrade()
            async with fresh.connection() as connection:
                return await _counts(connection)
        finally:
            await fresh.close()


async def _counts(connection: AsyncConnection) -> dict[str, int]:
    return {
        table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
        for table in metadata.sorted_tables
    }


async def _refuse_strangers(connection: AsyncConnection) -> None:
    def names(sync: Connection) -> set[str]:
        return set(inspect(sync).get_table_names())

    strangers = await connection.run_sync(names) - metadata.tables.keys() - UNKNOWN_TO_MODELS
    if strangers:
        raise TransferError(
            f"the source has tables that cannot be carried over: {', '.join(sorted(strangers))}"
        )


async def _copy(reading: AsyncConnection, writing: AsyncConnection, table: Table, told: Told) -> None:
    done = 0
    ordered = select(table).order_by(*table.primary_key.columns)
    async with reading.stream(ordered) as rows:
        async for some in rows.mappings().partitions(ROWS_AT_ONCE):
            await writing.execute(insert(table), [dict(row) for row in some])
            told(table.name, done := done + len(some))


async def _continue_sequences(connection: AsyncConnection) -> None:
    """Let the next row of each table take an id after the largest one carried over.

    Sequences begin with 1, whatever has been given the number 0 by hand.
    """
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None:
            continue
        await connection.execute(
            select(
                func.setval(
                    func.pg_get_serial_sequence(f'"{table.name}"', column.name),
                    func.greatest(func.max(column), 1),
                    func.coalesce(func.max(column), 0) > 0,
                )
            )
        )
