"""Each revision goes up and down, with the rows of a site that is in use."""

from datetime import UTC, datetime

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from control_plane.db.engine import ALEMBIC_INI, Database

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = {"name": "key", "prefix": "sk-", "created_at": NOW}
MODEL = {"name": "mini", "tasks": "", "description": "", "created_at": NOW}
REVISIONS = [script.revision for script in ScriptDirectory.from_config(Config(ALEMBIC_INI)).walk_revisions()]


def schema(connection: Connection) -> dict[str, object]:
    inspector = inspect(connection)
    return {
        table: (
            [
                (column["name"], str(column["type"]), column["nullable"])
                for column in inspector.get_columns(table)
            ],
            sorted(str(key["constrained_columns"]) for key in inspector.get_foreign_keys(table)),
            sorted(str(index["name"]) for index in inspector.get_indexes(table)),
        )
        for table in sorted(inspector.get_table_names())
    }


async def schema_of(database: Database) -> dict[str, object]:
    async with database._writer.connect() as connection:
        return await connection.run_sync(schema)


@pytest.mark.parametrize("revision", [*REVISIONS[1:], "base"])
async def test_a_revision_goes_down_and_up_again(database: Database, revision: str):
    newest = await schema_of(database)
    await database.downgrade(revision)
    assert await schema_of(database) != newest
    await database.upgrade()
    assert await schema_of(database) == newest


async def test_the_root_account_takes_all_it_owns_to_its_new_number(database: Database):
    await database.downgrade("0001")
    async with database._writer.begin() as connection:
        for table, row in (
            ("account", {"id": 1, "name": "acme", "created_at": NOW}),
            ("account", {"id": 2, "name": "root", "created_at": NOW}),
            ("api_key", KEY | {"id": 5, "account_id": 2, "digest": b"x", "is_root": True}),
            ("api_key", KEY | {"id": 6, "account_id": 1, "digest": b"y", "is_root": False}),
            ("model", MODEL | {"id": 3, "owner_id": 2}),
            ("model", MODEL | {"id": 4, "owner_id": None}),
            ("router", {"id": 7, "name": "mini", "owner_id": 2, "tasks": "", "model_id": 3}),
        ):
            values = ", ".join(f":{column}" for column in row)
            await connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"), row)
    await database.upgrade()
    async with database._writer.connect() as connection:

        async def rows(query: str) -> list[tuple[object, ...]]:
            return [tuple(row) for row in await connection.execute(text(query))]

        accounts = await rows("SELECT id, name, priority FROM account ORDER BY id")
        assert accounts == [(0, "root", 0), (1, "acme", 0)]
        assert await rows("SELECT id, account_id, suffix FROM api_key ORDER BY id") == [
            (5, 0, ""),
            (6, 1, ""),
        ]
        assert await rows("SELECT id, owner_id FROM model ORDER BY id") == [(3, 0), (4, None)]
        assert await rows("SELECT owner_id FROM router") == [(0,)]
