"""The routers of the gateways' snapshot, with their names and the providers behind them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane import catalog
from control_plane.accounts.tables import Account
from control_plane.builds.tables import UNFINISHED
from control_plane.catalog import RouterStatus
from control_plane.models.queries import latest_builds
from control_plane.models.tables import Version, VersionState
from control_plane.organizations.tables import Organization
from control_plane.routers.kinds import ProviderKind
from control_plane.routers.measures import Capabilities, capabilities_of
from control_plane.routers.tables import Provider, Router, RouterName


def serves() -> ColumnElement[bool]:
    """Whether a version is what a provider serves: its own, or the active one of its model."""
    active = and_(col(Version.model_id) == col(Provider.model_id), col(Version.state) == VersionState.ACTIVE)
    return or_(col(Version.id) == col(Provider.version_id), active)


def capabilities(provider: Provider, version: Version | None) -> Capabilities:
    """What a provider was found to be capable of when it was added, or the version that it serves says."""
    if version is None or version.manifests is None:
        return Capabilities(provider.max_context_length, provider.vector_size)
    return capabilities_of(version.manifests)


async def read_routers(
    session: AsyncSession, aliases: Mapping[int, tuple[str, ...]]
) -> dict[int, catalog.Router]:
    """Every router by id.

    Args:
        aliases: by router id, those that hold within one task only.

    """
    providers, measures = await _providers(session)
    names = await names_of(session)
    owners = await _organizations(session)
    rows = (await session.exec(select(Router).order_by(col(Router.id)))).all()
    waiting = [row.model_id for row in rows if row.model_id is not None and not providers.get(row.id or 0)]
    builds = await latest_builds(session, waiting)
    building = {model_id for model_id, build in builds.items() if build.status in UNFINISHED}
    return {
        row.id: _router(
            row,
            tuple(providers.get(row.id, ())),
            measures.get(row.id, Capabilities()),
            aliases=tuple(dict.fromkeys((*names.get(row.id, ()), *aliases.get(row.id, ())))),
            building=row.model_id in building,
            owned_by=owners.get(row.creator_id or row.owner_id, ""),
        )
        for row in rows
        if row.id is not None
    }


async def names_of(
    session: AsyncSession, router_ids: Iterable[int] | None = None
) -> dict[int, tuple[str, ...]]:
    """Aliases by router id, in their order; of all routers, or of some."""
    query = select(RouterName).where(col(RouterName.position) > 0).order_by(col(RouterName.position))
    if router_ids is not None:
        query = query.where(col(RouterName.router_id).in_(router_ids))
    found: dict[int, tuple[str, ...]] = defaultdict(tuple)
    for row in await session.exec(query):
        found[row.router_id] += (row.name,)
    return found


async def _providers(
    session: AsyncSession,
) -> tuple[dict[int, list[catalog.Provider]], dict[int, Capabilities]]:
    """Providers that can be asked, and what the first of each router has been found to be capable of."""
    found: dict[int, list[catalog.Provider]] = defaultdict(list)
    measures: dict[int, Capabilities] = {}
    query = select(Provider, Version).outerjoin(Version, serves()).order_by(col(Provider.id))
    for row, version in await session.exec(query):
        graphs = (version.manifests if version else None) or ()
        if row.id is None or (row.kind is ProviderKind.TRITON and not graphs):
            continue
        measures.setdefault(row.router_id, capabilities(row, version))
        found[row.router_id].append(
            catalog.Provider(
                id=row.id,
                kind=row.kind,
                url=row.url or None,
                graphs=graphs,
                model_name=row.model_name,
                secret=row.secret,
                weight=row.weight,
                timeout=row.timeout,
                zone=row.zone,
                total_params=row.total_params,
                active_params=row.active_params,
                qos_metric=row.qos_metric,
                qos_limit=row.qos_limit,
                exposure=row.exposure,
            )
        )
    return found, measures


async def _organizations(session: AsyncSession) -> dict[int | None, str]:
    """Names of organizations by the accounts that are in them."""
    query = select(Account.id, Organization.name).join(Organization)
    return dict((await session.exec(query)).all())


def _router(
    row: Router,
    providers: tuple[catalog.Provider, ...],
    measures: Capabilities,
    *,
    aliases: tuple[str, ...],
    building: bool,
    owned_by: str,
) -> catalog.Router:
    assert row.id is not None
    tasks = row.tasks
    if row.model_id is None:
        tasks = tuple(sorted({task for provider in providers for task in provider.tasks}))
    return catalog.Router(
        id=row.id,
        name=row.name,
        owner_id=row.owner_id,
        tasks=tasks,
        status=_status(row, served=bool(providers), building=building),
        providers=providers,
        type=row.type,
        aliases=aliases,
        load_balancing=row.load_balancing,
        prompt_price=row.prompt_price,
        completion_price=row.completion_price,
        max_context_length=measures.max_context_length,
        vector_size=measures.vector_size,
        created_at=row.created_at.timestamp(),
        owned_by=owned_by,
    )


def _status(row: Router, *, served: bool, building: bool) -> RouterStatus:
    if served:
        return RouterStatus.READY
    if row.model_id is None:
        return RouterStatus.EMPTY
    return RouterStatus.BUILDING if building else RouterStatus.FAILED
