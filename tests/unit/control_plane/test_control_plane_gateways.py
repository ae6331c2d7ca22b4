"""When a generation counts as acknowledged."""

from datetime import timedelta

from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.gateways import SILENCE, Gateway, acknowledge, all_acknowledged, forget


async def test_every_live_gateway_has_to_acknowledge(database: Database):
    assert await all_acknowledged(database, 5)
    await acknowledge(database, "one", 5)
    await acknowledge(database, "two", 4)
    assert await all_acknowledged(database, 4)
    assert not await all_acknowledged(database, 5)
    await acknowledge(database, "two", 6)
    assert await all_acknowledged(database, 5)
    await acknowledge(database, "three", 1)
    await forget(database, "three")
    assert await all_acknowledged(database, 5)


async def test_a_silent_gateway_does_not_count(database: Database):
    silent = utc_now() - SILENCE - timedelta(seconds=1)
    async with database.session() as session:
        session.add(Gateway(id="dead", generation=1, seen_at=silent))
    assert await all_acknowledged(database, 2)
