"""Builds the gateways' snapshot from the tables, in a handful of queries and one consistent view."""

from collections import defaultdict

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.principals import read_keys
from control_plane.builds.tables import UNFINISHED
from control_plane.catalog import Catalog, Provider, Router, RouterStatus
from control_plane.catalogue import missing_messages
from control_plane.db.engine import Database
from control_plane.db.generation import current_generation
from control_plane.models.queries import latest_builds
from control_plane.models.tables import Version
from control_plane.routers import tables as routers
from control_plane.routers.service import effective_aliases


async def read_generation(database: Database) -> int:
    """The present generation: one row, cheap enough to poll."""
    async with database.reading() as session:
        return await current_generation(session)


async def read_catalog(database: Database) -> Catalog:
    """All that a gateway needs to know, as of one generation."""
    async with database.reading() as session:
        generation = await current_generation(session)
        by_id = await _routers(session)
        aliases = await effective_aliases(session)
        return Catalog(
            generation=generation,
            keys=await read_keys(session),
            routers={(router.owner_id, router.name): router for router in by_id.values()},
            aliases={alias: by_id[router_id] for alias, router_id in aliases.items()},
            missing=missing_messages(
                names={router.name for router in by_id.values() if router.owner_id is None},
                aliases=aliases.keys(),
            ),
        )


async def _routers(session: AsyncSession) -> dict[int, Router]:
    providers = defaultdict(list)
    served = select(routers.Provider, Version).join(Version).order_by(col(routers.Provider.id))
    for row, version in await session.exec(served):
        if row.id is not None and version.manifests is not None:
            providers[row.router_id].append(Provider(row.id, row.kind, row.url, version.manifests))
    rows = (await session.exec(select(routers.Router))).all()
    builds = await latest_builds(session, [row.model_id for row in rows if row.id not in providers])
    building = {model_id for model_id, build in builds.items() if build.status in UNFINISHED}
    return {
        row.id: Router(
            id=row.id,
            name=row.name,
            owner_id=row.owner_id,
            tasks=row.tasks,
            status=_status(bool(providers[row.id]), row.model_id in building),
            providers=tuple(providers[row.id]),
        )
        for row in rows
        if row.id is not None
    }


def _status(served: bool, building: bool) -> RouterStatus:
    if served:
        return RouterStatus.READY
    return RouterStatus.BUILDING if building else RouterStatus.FAILED
