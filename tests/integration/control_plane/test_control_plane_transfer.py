"""All rows go from SQLite to a real PostgreSQL, and life goes on there with the next id."""

from pathlib import Path

import pytest
from site_under_test import Site
from sqlmodel import select

from control_plane.accounts.keys import KeyService
from control_plane.accounts.service import AccountService
from control_plane.accounts.tables import ApiKey
from control_plane.builds.service import BuildService
from control_plane.db.engine import Database
from control_plane.db.generation import CatalogGeneration
from control_plane.db.transfer import TransferError, transfer
from control_plane.models.service import ModelService
from control_plane.models.tables import Version
from control_plane.snapshot import read_catalog
from model_repository.manifest import Task

pytestmark = pytest.mark.integration


async def fill(site: Site) -> str:
    """Accounts, keys, models of two kinds and a generation above that of a new database."""
    await AccountService(site.database).ensure("acme")
    secret = (await KeyService(site.database).create("acme", "ci", None)).secret
    for _ in range(3):
        await site.stage()
    await site.stage("text", "image")
    return secret


async def test_everything_arrives_and_ids_go_on(site: Site, postgres_url: str) -> None:
    await fill(site)
    target = Database(postgres_url)
    told: list[tuple[str, int]] = []
    try:
        counted = await transfer(site.database, target, lambda table, rows: told.append((table, rows)))
        assert counted["version"] == 4
        assert ("version", 4) in told
        async with site.database.reading() as before, target.reading() as after:
            for table in (Version, ApiKey, CatalogGeneration):
                rows = [(await each.exec(select(table))).all() for each in (before, after)]
                assert [row.model_dump() for row in rows[0]] == [row.model_dump() for row in rows[1]]
        assert await read_catalog(target) == await read_catalog(site.database)
        builds = await BuildService(target).list()
        assert builds == await BuildService(site.database).list()
        new = await KeyService(target).create("acme", "new", None)
        assert new.prefix
        again = Site(site.folder / "again", target, site.storage)
        assert await again.stage() == max(build.id for build in builds) + 1
        assert (await ModelService(target).get(None, "mini")).tasks in ((), (Task.EMBEDDING,))
    finally:
        await target.close()


async def test_a_target_that_holds_data_is_refused_and_left_alone(site: Site, postgres_url: str) -> None:
    await fill(site)
    target = Database(postgres_url)
    try:
        await target.upgrade()
        await AccountService(target).ensure("somebody")
        with pytest.raises(TransferError, match="not empty: account") as caught:
            await transfer(site.database, target)
        assert caught.value.hint
        async with target.reading() as session:
            assert (await session.exec(select(Version))).all() == []
    finally:
        await target.close()


async def test_what_breaks_in_the_middle_leaves_the_target_empty(site: Site, postgres_url: str) -> None:
    await fill(site)
    target = Database(postgres_url)

    def break_off(table: str, rows: int) -> None:
        if table == "version":
            raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt):
            await transfer(site.database, target, break_off)
        assert (await transfer(site.database, target))["version"] == 4
    finally:
        await target.close()


async def test_tables_that_nobody_knows_are_refused(site: Site, tmp_path: Path) -> None:
    async with site.database.connection() as connection:
        await connection.exec_driver_sql("CREATE TABLE stranger (id INTEGER)")
    target = Database(f"sqlite+aiosqlite:///{tmp_path}/target.db")
    try:
        with pytest.raises(TransferError, match="stranger"):
            await transfer(site.database, target)
    finally:
        await target.close()
