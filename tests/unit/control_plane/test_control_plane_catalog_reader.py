"""A large catalogue costs the event loop next to nothing."""

import time
from pathlib import Path

from sqlalchemy import insert

from control_plane.accounts.tables import Account, ApiKey
from control_plane.catalog import LimitType
from control_plane.catalog_reader import CatalogReader
from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.models.tables import Model
from control_plane.roles.tables import Role, RoleLimit
from control_plane.routers.kinds import LoadBalancing
from control_plane.routers.tables import Router

KEYS, ROUTERS, ROLES = 10_000, 500, 200


async def fill(database: Database) -> None:
    now = {"created_at": utc_now(), "updated_at": utc_now()}
    amounts = {"priority": 0, "reserved": 0}
    async with database.session() as session:
        connection = await session.connection()
        for table, rows in (
            (Role, [{"id": number, "name": f"role {number}", **now} for number in range(1, ROLES + 1)]),
            (
                Account,
                [
                    {"id": number, "name": f"a{number}", "role_id": number % ROLES + 1, **amounts, **now}
                    for number in range(1, KEYS + 1)
                ],
            ),
            (
                ApiKey,
                [
                    {
                        "account_id": number,
                        "name": "",
                        "prefix": "",
                        "suffix": "",
                        "digest": number.to_bytes(32),
                        "is_root": False,
                        "created_at": utc_now(),
                    }
                    for number in range(1, KEYS + 1)
                ],
            ),
            (
                Model,
                [
                    {
                        "id": number,
                        "name": f"m{number}",
                        "tasks": (),
                        "description": "",
                        "created_at": utc_now(),
                    }
                    for number in range(1, ROUTERS + 1)
                ],
            ),
            (
                Router,
                [
                    {
                        "id": number,
                        "name": f"m{number}",
                        "tasks": (),
                        "model_id": number,
                        "load_balancing": LoadBalancing.SHUFFLE,
                        "prompt_price": 0.0,
                        "completion_price": 0.0,
                        **now,
                    }
                    for number in range(1, ROUTERS + 1)
                ],
            ),
            (
                RoleLimit,
                [
                    {"role_id": role, "router_id": router, "type": kind, "value": role or None}
                    for role in range(1, ROLES + 1)
                    for router in range(1, ROUTERS + 1)
                    for kind in LimitType
                ],
            ),
        ):
            await connection.execute(insert(table), rows)


async def test_a_large_catalogue_is_read_off_the_event_loop(tmp_path: Path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/state.db")
    await database.upgrade()
    await fill(database)
    reader = CatalogReader(database)
    spent = time.thread_time()  # of this thread alone: what the loop did, whatever else the machine does
    catalog = await reader.read()
    spent = time.thread_time() - spent
    assert spent < 0.1
    assert (len(catalog.keys), len(catalog.routers)) == (KEYS, ROUTERS)
    role = catalog.keys[KEYS.to_bytes(32)].principal.role
    assert role is not None
    assert len(role.limits) == ROUTERS
    assert role.limits[ROUTERS] == dict.fromkeys(LimitType, 1)
    reader.close()
    await database.close()
