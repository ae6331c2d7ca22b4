"""A large catalogue costs the event loop next to nothing."""

import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import insert
from sqlmodel import SQLModel

from control_plane.accounts.tables import Account, ApiKey
from control_plane.catalog import LimitType
from control_plane.catalog_reader import CatalogReader
from control_plane.db.engine import Database
from control_plane.models.tables import Model
from control_plane.roles.tables import Role, RoleLimit
from control_plane.routers.tables import Router
from control_plane.snapshot import read_catalog

KEYS, ROUTERS, ROLES = 10_000, 500, 40


def rows() -> Iterator[list[SQLModel]]:
    """Tables in the order of their references; made as objects, so that every column has its default."""
    yield [Role(id=number, name=f"role {number}") for number in range(1, ROLES + 1)]
    accounts = range(1, KEYS + 1)
    yield [Account(id=number, name=f"a{number}", role_id=number % ROLES + 1) for number in accounts]
    yield [
        ApiKey(id=number, account_id=number, name="", prefix="", digest=number.to_bytes(32))
        for number in accounts
    ]
    models = range(1, ROUTERS + 1)
    yield [Model(id=number, name=f"m{number}") for number in models]
    yield [Router(id=number, name=f"m{number}", model_id=number) for number in models]
    for role in range(1, ROLES + 1):
        yield [
            RoleLimit(role_id=role, router_id=router, type=kind, value=role)
            for router in models
            for kind in LimitType
        ]


async def fill(database: Database) -> None:
    async with database.connection() as connection:
        for some in rows():
            values = [{column: getattr(row, column) for column in type(row).model_fields} for row in some]
            await connection.execute(insert(type(some[0])), values)


async def test_a_large_catalogue_is_read_off_the_event_loop(tmp_path: Path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/state.db")
    await database.upgrade()
    await fill(database)
    reader = CatalogReader(database)
    start = time.thread_time()  # of this thread alone: what the loop did, whatever else the machine does
    catalog = await reader.read()
    spent = time.thread_time() - start
    await read_catalog(database)
    on_the_loop = time.thread_time() - start - spent
    assert spent < on_the_loop / 5
    assert (len(catalog.keys), len(catalog.routers)) == (KEYS, ROUTERS)
    role = catalog.keys[KEYS.to_bytes(32)].principal.role
    assert role is not None
    assert len(role.limits) == ROUTERS
    assert role.limits[ROUTERS] == dict.fromkeys(LimitType, 1)
    assert await reader.live_keys() == catalog.keys.keys()
    reader.close()
    await database.close()
