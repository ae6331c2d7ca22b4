"""Routers within a transaction: made with a model, pointed at a version, removed with the model."""

from collections.abc import Mapping

from sqlalchemy import delete, exists
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.db.generation import touch_catalog
from control_plane.deployments.exposure import EXCLUSIVE, Exposure, Place
from control_plane.routers.kinds import ProviderKind, type_of
from control_plane.routers.tables import Provider, Router, RouterAlias
from model_repository.manifest import Task


async def router_of(session: AsyncSession, model_id: int) -> Router | None:
    """The router of a model, or None when the model has been removed."""
    return (await session.exec(select(Router).where(Router.model_id == model_id))).one_or_none()


async def declare_aliases(
    session: AsyncSession, router_id: int, aliases: Mapping[Task, tuple[str, ...]]
) -> None:
    """Let a router have these aliases, as the newest to declare them, and no others."""
    await session.exec(delete(RouterAlias).where(col(RouterAlias.router_id) == router_id))
    session.add_all(
        [
            RouterAlias(task=task, name=name, router_id=router_id)
            for task, names in aliases.items()
            for name in names
        ]
    )


async def effective_aliases(session: AsyncSession) -> dict[tuple[Task, str], int]:
    """Router id that each alias leads to: of the newest declaration that can answer, else of the newest."""
    answers = exists().where(col(Provider.router_id) == col(RouterAlias.router_id))
    declared = select(RouterAlias, answers).order_by(answers, col(RouterAlias.id))
    rows = (await session.exec(declared)).all()
    return {(alias.task, alias.name): alias.router_id for alias, _ in rows}


async def route_to(
    session: AsyncSession,
    router: Router,
    version_id: int,
    tasks: tuple[Task, ...],
    exposure: Exposure = EXCLUSIVE,
) -> None:
    """Give a version its part in a router's requests, in the place of whichever has it.

    A new active version takes all: what was beside the one before goes with it.
    """
    assert router.id is not None
    active = exposure.place is Place.ACTIVE
    if active:
        router.tasks, router.type = tasks, type_of(tasks)
    own = Provider(
        router_id=router.id, kind=ProviderKind.TRITON, model_name=router.name, version_id=version_id
    )
    deployed = select(Provider).where(Provider.router_id == router.id, col(Provider.version_id).is_not(None))
    for provider in (await session.exec(deployed)).all():
        if provider.version_id == version_id:
            own = provider
        elif active or provider.exposure.place is exposure.place:
            await session.delete(provider)
    own.exposure = exposure
    session.add(own)


async def route_away(session: AsyncSession, version_id: int) -> None:
    """Send no more requests to a version."""
    await session.exec(delete(Provider).where(col(Provider.version_id) == version_id))


async def remove_router(session: AsyncSession, router: Router) -> None:
    """Take a router away with all that hangs on it, and with the providers elsewhere that serve its model."""
    for table in (Provider, RouterAlias):
        await session.exec(delete(table).where(col(table.router_id) == router.id))
    if router.model_id is not None:
        await session.exec(delete(Provider).where(col(Provider.model_id) == router.model_id))
    await session.delete(router)


async def touch_unless_served(session: AsyncSession, model_id: int) -> None:
    """Raise the generation when a model has no version in service: then the fate of its build is visible."""
    served = select(Provider.id).join(Router).where(Router.model_id == model_id)
    if (await session.exec(served.limit(1))).first() is None:
        await touch_catalog(session)
