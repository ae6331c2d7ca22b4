"""Versions within a transaction: put into a place in the traffic, and taken out of it."""

from collections.abc import Collection

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.db.generation import touch_catalog
from control_plane.db.types import utc_now
from control_plane.deployments.exposure import Exposure, Place
from control_plane.models.tables import SERVING, Model, Version, VersionState
from control_plane.routers.service import route_away, route_to
from control_plane.routers.tables import Router


async def place(session: AsyncSession, router: Router, version: Version, exposure: Exposure) -> None:
    """Give a loaded version its place; whichever had it drains.

    A new active version takes all requests: a canary and a shadow, which were there to be compared with the
    one before, drain with it.
    """
    assert version.id is not None
    active = exposure.place is Place.ACTIVE
    state = VersionState(exposure.place)
    serving = select(Version).where(
        Version.model_id == version.model_id, col(Version.state).in_(SERVING), col(Version.id) != version.id
    )
    replaced = [each for each in await session.exec(serving) if active or each.state is state]
    version.state, version.drain_generation, version.remark = state, None, ""
    tasks = tuple(sorted({task for manifest in version.manifests or () for task in manifest.tasks}))
    if active:
        version.activated_at = utc_now()
        (await session.get_one(Model, version.model_id)).tasks = tasks
    await route_to(session, router, version.id, tasks, exposure)
    await drain(session, replaced)


async def drain(session: AsyncSession, versions: Collection[Version], remark: str = "") -> None:
    """Take versions out of the traffic; they are unloaded when no gateway needs them any more.

    The catalogue's row is locked last, as everywhere.
    """
    for version in versions:
        assert version.id is not None
        version.state, version.remark = VersionState.DRAINING, remark
        await route_away(session, version.id)
    generation = await touch_catalog(session)
    for version in versions:
        version.drain_generation = generation
