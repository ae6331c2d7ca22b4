"""Builds the gateways' snapshot from the tables, in a handful of queries and one consistent view."""

from collections import defaultdict
from collections.abc import Mapping

from control_plane.accounts.principals import live_digests, read_keys
from control_plane.catalog import Catalog
from control_plane.catalogue import missing_messages
from control_plane.db.engine import Database
from control_plane.db.generation import current_generation
from control_plane.routers.routes import names_of, read_routers
from control_plane.routers.service import effective_aliases
from model_repository.manifest import Task


async def read_generation(database: Database) -> int:
    """The present generation: one row, cheap enough to poll."""
    async with database.reading() as session:
        return await current_generation(session)


async def read_live_keys(database: Database) -> frozenset[bytes]:
    """Digests of the keys that were not revoked."""
    async with database.reading() as session:
        return await live_digests(session)


async def read_catalog(database: Database) -> Catalog:
    """All that a gateway needs to know, as of one generation."""
    async with database.reading() as session:
        generation = await current_generation(session)
        aliases = await effective_aliases(session)
        by_id = await read_routers(session, _by_router(aliases))
        return Catalog(
            generation=generation,
            keys=await read_keys(session),
            routers={(router.owner_id, router.name): router for router in by_id.values()},
            names={
                name: by_id[router_id]
                for router_id, names in (await names_of(session)).items()
                for name in names
            },
            aliases={alias: by_id[router_id] for alias, router_id in aliases.items()},
            missing=missing_messages(
                names={router.name for router in by_id.values() if router.owner_id is None},
                aliases=aliases.keys(),
            ),
        )


def _by_router(aliases: Mapping[tuple[Task, str], int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = defaultdict(tuple)
    for (_, name), router_id in sorted(aliases.items()):
        found[router_id] += (name,)
    return found
