"""Routers as operators handle them: made by hand, changed, listed and removed."""

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET
from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.audit.service import Actor, record
from control_plane.db.engine import Database
from control_plane.db.generation import touch_catalog
from control_plane.db.types import utc_now
from control_plane.errors import ConflictError, IncompatibleProviderError, RouterNotFoundError
from control_plane.paging import Page, paged
from control_plane.routers.kinds import ProviderKind, RouterType, goes_with
from control_plane.routers.names import claim_aliases, claim_name
from control_plane.routers.queries import lock_router, measured, router_views
from control_plane.routers.schemas import NewRouter, RouterPatch, RouterView
from control_plane.routers.service import remove_router
from control_plane.routers.tables import Provider, Router

KIND = "router"
_KNOWN = col(Router.type).is_not(None)
"""A model that nobody has looked into yet has no router for operators."""


class RouterService:
    """The rules of routers; each change is one transaction, in force from the gateways' next look on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, actor: Actor, new: NewRouter) -> RouterView:
        """Make a router, which has no providers yet.

        Raises:
            ConflictError: the name or an alias is taken.

        """
        router = Router(
            name=new.name,
            type=new.type,
            creator_id=actor.id or None,
            load_balancing=new.load_balancing,
            prompt_price=new.prompt_price,
            completion_price=new.completion_price,
        )
        try:
            async with self._database.session() as session:
                session.add(router)
                await session.flush()
                assert router.id is not None
                await claim_name(session, router)
                await claim_aliases(session, router.id, new.aliases)
                await touch_catalog(session)
                (after,) = await router_views(session, [router])
                record(session, actor, "create", KIND, router.id, after=after)
                return after
        except IntegrityError as error:
            raise ConflictError(f"Router {new.name} already exists.") from error

    async def list(self, page: Page) -> tuple[list[RouterView], int]:
        """One page of routers, and how many there are in all."""
        columns = {"id": col(Router.id), "name": col(Router.name), "created": col(Router.created_at)}
        query = paged(select(Router).where(_KNOWN), page, columns)
        async with self._database.reading() as session:
            total = (await session.exec(select(func.count()).select_from(Router).where(_KNOWN))).one()
            return await router_views(session, (await session.exec(query)).all()), total

    async def get(self, router_id: int) -> RouterView:
        """One router.

        Raises:
            RouterNotFoundError: no such router.

        """
        async with self._database.reading() as session:
            found = (await session.exec(select(Router).where(Router.id == router_id, _KNOWN))).one_or_none()
            if found is None:
                raise RouterNotFoundError(f"Model router {router_id} not found.")
            return (await router_views(session, [found]))[0]

    async def update(self, actor: Actor, router_id: int, patch: RouterPatch) -> None:
        """Change what the patch names.

        Raises:
            RouterNotFoundError: no such router.
            ConflictError: the name or an alias is taken, or belongs to a deployed model.
            IncompatibleProviderError: a provider cannot answer for a router of the new type.

        """
        try:
            async with self._database.session() as session:
                router = await lock_router(session, router_id, message="Model router not found.")
                (before,) = await router_views(session, [router])
                if router.model_id is not None:
                    _refuse_renaming(router, patch)
                if patch.type is not UNSET and patch.type is not router.type:
                    await _check_providers(session, router_id, patch.type)
                for column, value in _columns(patch).items():
                    if value is not UNSET:
                        setattr(router, column, value)
                router.updated_at = utc_now()
                await self._rename(session, router, patch)
                await touch_catalog(session)
                (after,) = await router_views(session, [router])
                record(session, actor, "update", KIND, router_id, before=before, after=after)
        except IntegrityError as error:
            raise ConflictError("Name conflict with existing router or alias.") from error

    async def delete(self, actor: Actor, router_id: int) -> RouterView:
        """Remove a router that was made by hand, with its providers and limits.

        Returns:
            what it was.

        Raises:
            RouterNotFoundError: no such router.
            ConflictError: it belongs to a deployed model.

        """
        async with self._database.session() as session:
            router = await lock_router(session, router_id, message=f"Model router {router_id} not found.")
            if router.model_id is not None:
                raise ConflictError(
                    f"Router {router.name} belongs to a deployed model.",
                    hint="Remove the model; its router goes with it.",
                )
            (before,) = await router_views(session, [router])
            await remove_router(session, router)
            await touch_catalog(session)
            record(session, actor, "delete", KIND, router_id, before=before)
            return before

    async def _rename(self, session: AsyncSession, router: Router, patch: RouterPatch) -> None:
        assert router.id is not None
        if patch.name is not UNSET:
            await claim_name(session, router)
        if patch.aliases is not UNSET:
            try:
                await claim_aliases(session, router.id, patch.aliases)
            except ConflictError as error:
                raise ConflictError("Name conflict with existing router or alias.") from error


async def remove_routers_of(session: AsyncSession, account_id: int) -> None:
    """Remove, within a transaction, the routers and providers that an account has made by hand."""
    made = select(Router).where(Router.creator_id == account_id)
    await _remove(session, (await session.exec(made)).all())
    added = select(Provider).where(Provider.creator_id == account_id)
    for provider in (await session.exec(added)).all():
        await session.delete(provider)


async def _remove(session: AsyncSession, routers: Iterable[Router]) -> None:
    for router in routers:
        await remove_router(session, router)


def _refuse_renaming(router: Router, patch: RouterPatch) -> None:
    if patch.name not in {UNSET, router.name} or patch.type not in {UNSET, router.type}:
        raise ConflictError(
            f"Router {router.name} belongs to a deployed model, which gives it its name and type.",
            hint="Give it an alias, or make a router with a triton provider.",
        )
    if router.owner_id is not None and patch.aliases:
        raise ConflictError(f"Router {router.name} is one account's own and has no aliases.")


async def _check_providers(session: AsyncSession, router_id: int, router_type: RouterType) -> None:
    providers = await session.exec(select(Provider.id, Provider.kind).where(Provider.router_id == router_id))
    for provider_id, kind in providers.all():
        if not goes_with(ProviderKind(kind), router_type):
            raise IncompatibleProviderError(f"Invalid model provider type {kind} for {router_type} router.")
        measures = (await measured(session, [router_id], only=provider_id))[router_id]
        if router_type is RouterType.EMBEDDING and measures.vector_size is None:
            raise IncompatibleProviderError(
                f"Provider {provider_id} has not been asked for a vector: remove it, and add it again."
            )


def _columns(patch: RouterPatch) -> dict[str, Any]:
    """Columns that a patch sets, and to what."""
    return {
        "name": patch.name,
        "type": patch.type,
        "load_balancing": patch.load_balancing,
        "prompt_price": patch.prompt_price,
        "completion_price": patch.completion_price,
    }
