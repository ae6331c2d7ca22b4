"""Reading routers and providers within a transaction."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.audit.service import MASK
from control_plane.errors import RouterNotFoundError
from control_plane.models.queries import owned_by
from control_plane.models.tables import Model, Version, VersionState
from control_plane.routers.measures import Capabilities
from control_plane.routers.routes import capabilities, names_of, serves
from control_plane.routers.schemas import ProviderView, RouterView
from control_plane.routers.service import effective_aliases
from control_plane.routers.tables import Provider, Router


async def lock_router(session: AsyncSession, router_id: int, *, message: str) -> Router:
    """A router of a known type that nobody else changes until the transaction ends.

    Raises:
        RouterNotFoundError: there is none; with that message.

    """
    query = select(Router).where(Router.id == router_id, col(Router.type).is_not(None))
    found = (await session.exec(query.with_for_update())).one_or_none()
    if found is None:
        raise RouterNotFoundError(message)
    return found


async def router_views(session: AsyncSession, routers: Sequence[Router]) -> list[RouterView]:
    """Routers as operators see them, in the given order."""
    ids = [router.id for router in routers if router.id is not None]
    measures = await measured(session, ids)
    counted = select(Provider.router_id, func.count()).where(col(Provider.router_id).in_(ids))
    counts = dict((await session.exec(counted.group_by(col(Provider.router_id)))).all())
    names = await names_of(session, ids)
    within_tasks = await effective_aliases(session)
    return [
        RouterView(
            id=router.id,
            name=router.name,
            user_id=router.creator_id or router.owner_id or 0,
            type=router.type,
            aliases=_distinct(
                *names.get(router.id, ()),
                *(name for (_, name), leads_to in sorted(within_tasks.items()) if leads_to == router.id),
            ),
            load_balancing=router.load_balancing,
            vector_size=measures[router.id].vector_size if router.id in measures else None,
            max_context_length=measures[router.id].max_context_length if router.id in measures else None,
            prompt_price=router.prompt_price,
            completion_price=router.completion_price,
            providers=counts.get(router.id, 0),
            created_at=router.created_at,
            updated_at=router.updated_at,
        )
        for router in routers
        if router.id is not None and router.type is not None
    ]


async def measured(
    session: AsyncSession, router_ids: Sequence[int], *, only: int | None = None
) -> dict[int, Capabilities]:
    """What the first provider of each router is capable of; nothing for routers that have none.

    Args:
        only: the one provider that counts.

    """
    query = select(Provider, Version).outerjoin(Version, serves()).order_by(col(Provider.id))
    query = query.where(col(Provider.router_id).in_(router_ids))
    if only is not None:
        query = query.where(Provider.id == only)
    found: dict[int, Capabilities] = {}
    for provider, version in await session.exec(query):
        found.setdefault(provider.router_id, capabilities(provider, version))
    return found


async def active_version(session: AsyncSession, name: str) -> Version | None:
    """Version in service of the built-in model of that name, or None."""
    found = select(Version).join(Model).where(Model.name == name, owned_by(None))
    active = found.where(Version.state == VersionState.ACTIVE)
    return (await session.exec(active.order_by(col(Version.number).desc()).limit(1))).one_or_none()


def provider_view(provider: Provider) -> ProviderView:
    """A provider as operators see it."""
    assert provider.id is not None
    return ProviderView(
        id=provider.id,
        router_id=provider.router_id,
        user_id=provider.creator_id or 0,
        kind=provider.kind,
        url=provider.url,
        key=None if provider.secret is None else MASK,
        timeout=provider.timeout,
        weight=provider.weight,
        model_name=provider.model_name,
        zone=provider.zone,
        total_params=provider.total_params,
        active_params=provider.active_params,
        qos_metric=provider.qos_metric,
        qos_limit=provider.qos_limit,
        max_context_length=provider.max_context_length,
        vector_size=provider.vector_size,
        created_at=provider.created_at,
        updated_at=provider.updated_at,
    )


def _distinct(*names: str) -> list[str]:
    return list(dict.fromkeys(names))
