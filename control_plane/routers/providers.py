"""Providers as operators handle them: probed and added, changed, listed and removed."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import UNSET
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane import catalog
from control_plane.audit.service import Actor, record
from control_plane.db.engine import Database
from control_plane.db.generation import touch_catalog
from control_plane.db.types import utc_now
from control_plane.errors import (
    ConflictError,
    IncompatibleProviderError,
    InconsistentProviderError,
    ProviderNotFoundError,
    RouterNotFoundError,
    UnreachableProviderError,
)
from control_plane.paging import Page, paged
from control_plane.routers.kinds import DEFAULT_URLS, ProviderKind, RouterType, goes_with, tasks_of
from control_plane.routers.measures import Capabilities
from control_plane.routers.queries import active_version, lock_router, measured, provider_view
from control_plane.routers.schemas import NewProvider, ProviderPatch, ProviderView
from control_plane.routers.tables import Provider, Router
from control_plane.secret_box import SecretBox

KIND = "provider"

Probe = Callable[[catalog.Provider, RouterType], Awaitable[Capabilities]]
"""Asks a provider for its model; UnreachableProviderError when it does not answer, or not with that model."""


class ProviderService:
    """The rules of providers; each change is one transaction, in force from the gateways' next look on."""

    def __init__(self, database: Database, *, box: SecretBox, probe: Probe) -> None:
        self._database = database
        self._box = box
        self._probe = probe

    async def create(self, actor: Actor, new: NewProvider) -> ProviderView:
        """Add a provider after it has shown that it answers.

        Raises:
            RouterNotFoundError: no such router.
            IncompatibleProviderError: that kind cannot answer for this router.
            UnreachableProviderError: it does not answer, or not with the model.
            InconsistentProviderError: its model differs from that of the router's other providers.
            ConflictError: the router has this provider already.

        """
        row = Provider(
            router_id=new.router,
            kind=new.kind,
            url=new.url or DEFAULT_URLS.get(new.kind, ""),
            model_name=new.model_name,
            secret=None if new.key is None else self._box.seal(new.key),
            creator_id=actor.id or None,
            weight=new.weight,
            timeout=new.timeout,
            zone=new.zone,
            total_params=new.total_params,
            active_params=new.active_params,
            qos_metric=new.qos_metric,
            qos_limit=new.qos_limit,
        )
        found = await self._ask(row)
        row.max_context_length, row.vector_size = found.max_context_length, found.vector_size
        try:
            async with self._database.session() as session:
                router = await lock_router(session, new.router, message=_unknown(new.router))
                _check_kind(router, row.kind)
                await _check_measures(session, router, found)
                session.add(row)
                await session.flush()
                assert row.id is not None
                await touch_catalog(session)
                after = provider_view(row)
                record(session, actor, "create", KIND, row.id, after=after)
                return after
        except IntegrityError as error:
            raise ConflictError(
                f"Model provider {row.model_name} for url {row.url} already exists for router {new.router}."
            ) from error

    async def list(self, page: Page, router_id: int | None = None) -> list[ProviderView]:
        """One page of providers, of one router or of all."""
        columns = {
            "id": col(Provider.id),
            "model_name": col(Provider.model_name),
            "created": col(Provider.created_at),
        }
        query = select(Provider)
        if router_id is not None:
            query = query.where(Provider.router_id == router_id)
        async with self._database.reading() as session:
            return [provider_view(row) for row in await session.exec(paged(query, page, columns))]

    async def get(self, provider_id: int) -> ProviderView:
        """One provider.

        Raises:
            ProviderNotFoundError: no such provider.

        """
        async with self._database.reading() as session:
            row = await session.get(Provider, provider_id)
            if row is None:
                raise ProviderNotFoundError("Model provider not found.")
            return provider_view(row)

    async def update(self, actor: Actor, provider_id: int, patch: ProviderPatch) -> None:
        """Change what the patch names.

        Raises:
            ProviderNotFoundError: no such provider.
            RouterNotFoundError: no router of the new id.
            IncompatibleProviderError: that kind cannot answer for the new router.
            InconsistentProviderError: its model differs from that of the new router's other providers.
            ConflictError: the new router has this provider already, or the provider belongs to a model.

        """
        try:
            async with self._database.session() as session:
                row = await _lock(session, provider_id, message="Model provider not found.")
                before = provider_view(row)
                if patch.router not in {UNSET, row.router_id}:
                    await _move(session, row, patch.router)
                for column, value in _columns(patch).items():
                    if value is not UNSET:
                        setattr(row, column, value)
                row.updated_at = utc_now()
                await session.flush()
                await touch_catalog(session)
                record(session, actor, "update", KIND, provider_id, before=before, after=provider_view(row))
        except IntegrityError as error:
            raise ConflictError("provider already exists for the new router.") from error

    async def delete(self, actor: Actor, provider_id: int) -> ProviderView:
        """Remove a provider that was added by hand.

        Returns:
            what it was.

        Raises:
            ProviderNotFoundError: no such provider.
            ConflictError: it belongs to a deployed model.

        """
        async with self._database.session() as session:
            row = await _lock(session, provider_id, message=f"Model provider {provider_id} not found.")
            _refuse_own(row)
            before = provider_view(row)
            await session.delete(row)
            await touch_catalog(session)
            record(session, actor, "delete", KIND, provider_id, before=before)
            return before

    async def _ask(self, row: Provider) -> Capabilities:
        """What the provider is capable of, outside any transaction: it may take its time."""
        async with self._database.reading() as session:
            router = await session.get(Router, row.router_id)
            if router is None or router.type is None:
                raise RouterNotFoundError(_unknown(row.router_id))
            _check_kind(router, row.kind)
            graphs = await _adopt_model(session, row, router.type) if row.kind is ProviderKind.TRITON else ()
        target = catalog.Provider(
            id=0,
            kind=row.kind,
            url=row.url or None,
            graphs=graphs,
            model_name=row.model_name,
            secret=row.secret,
            timeout=row.timeout,
        )
        return await self._probe(target, router.type)


async def _adopt_model(session: AsyncSession, row: Provider, router_type: RouterType) -> Any:
    """Let a Triton provider serve the built-in model of its name.

    Returns:
        manifests of the model's active version.

    """
    version = await active_version(session, row.model_name)
    graphs = (version.manifests if version else None) or ()
    wanted = tasks_of(router_type)
    if version is None or not any(wanted.intersection(graph.tasks) for graph in graphs):
        raise UnreachableProviderError(
            f"Model provider {row.model_name} not reachable.",
            hint="A triton provider needs a built-in model that is deployed and does such tasks.",
        )
    row.model_id = version.model_id
    return graphs


async def _move(session: AsyncSession, row: Provider, router_id: int) -> None:
    _refuse_own(row)
    router = await lock_router(session, router_id, message="Model router not found.")
    assert router.type is not None
    if not goes_with(row.kind, router.type):
        raise IncompatibleProviderError("New router type is not compatible with the provider type.")
    own = (await measured(session, [row.router_id], only=row.id))[row.router_id]
    others = (await measured(session, [router_id])).get(router_id)
    if others is not None and _differ(others.max_context_length, own.max_context_length):
        raise InconsistentProviderError("Inconsistent model max context length.")
    unmeasured = router.type is RouterType.EMBEDDING and own.vector_size is None
    if unmeasured or (others is not None and _differ(others.vector_size, own.vector_size)):
        raise InconsistentProviderError("Inconsistent model vector size.")
    row.router_id = router_id


async def _lock(session: AsyncSession, provider_id: int, *, message: str) -> Provider:
    query = select(Provider).where(Provider.id == provider_id).with_for_update()
    found = (await session.exec(query)).one_or_none()
    if found is None:
        raise ProviderNotFoundError(message)
    return found


def _check_kind(router: Router, kind: ProviderKind) -> None:
    assert router.type is not None
    if not goes_with(kind, router.type):
        raise IncompatibleProviderError(f"Invalid model provider type {kind} for {router.type} router.")


async def _check_measures(session: AsyncSession, router: Router, found: Capabilities) -> None:
    assert router.id is not None
    others = (await measured(session, [router.id])).get(router.id)
    if others is None:
        return
    for what, expected, actual in (
        ("max context length", others.max_context_length, found.max_context_length),
        ("vector size", others.vector_size, found.vector_size),
    ):
        if _differ(expected, actual):
            raise InconsistentProviderError(
                f"Inconsistent {what} for {router.name}. Expected: {expected}. Actual: {actual}"
            )


def _differ(expected: int | None, actual: int | None) -> bool:
    """Whether both are known and not the same."""
    return expected is not None and actual is not None and expected != actual


def _refuse_own(row: Provider) -> None:
    if row.version_id is not None:
        raise ConflictError(
            f"Provider {row.id} belongs to the deployed model {row.model_name}.",
            hint="Remove the model; its provider goes with it.",
        )


def _unknown(router_id: int) -> str:
    return f"Model router {router_id} not found."


def _columns(patch: ProviderPatch) -> dict[str, Any]:
    """Columns that a patch sets, and to what."""
    columns = {name: getattr(patch, name) for name in patch.__struct_fields__ if name != "router"}
    if patch.qos_metric is None:
        columns["qos_limit"] = None
    return columns
