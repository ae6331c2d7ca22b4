"""`/v1/admin/providers`."""

from typing import Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.catalog import Key, Permission
from control_plane.errors import (
    ConflictError,
    IncompatibleProviderError,
    InconsistentProviderError,
    ProviderNotFoundError,
    RouterNotFoundError,
    UnreachableProviderError,
)
from control_plane.routers.providers import ProviderService
from control_plane.secret_box import SecretKeyError
from gateway.apis.opengatellm.admin.routers import ADMIN
from gateway.apis.opengatellm.errors import responses
from gateway.apis.opengatellm.schemas.providers import (
    AddedProvider,
    CreateProvider,
    ProviderBody,
    ProviderList,
    ProviderPageQuery,
    ProviderPath,
    UpdateProvider,
)
from gateway.bearer import WRONG_SCHEME_IS_401, InsufficientRightsError, actor_of, permission_layer
from gateway.catalog_feed import CatalogFeed
from gateway.parameters import documented_by, path_of, query_of
from gateway.validation import ModelJSON

ONE = documented_by(path=ProviderPath)
PROVIDING = (permission_layer(Permission.ADMIN, Permission.PROVIDE_MODELS),)
RULES = (
    InsufficientRightsError,
    RouterNotFoundError,
    IncompatibleProviderError,
    InconsistentProviderError,
    ConflictError,
)


class ProvidersController(Controller):
    """Providers: what answers for a router."""

    path = "/admin/providers"
    tags = ("admin",)
    dependencies = {"wanted": query_of(ProviderPageQuery), "which": path_of(ProviderPath)}  # noqa: RUF012

    @post(
        operation_id="create_provider",
        summary="Add a provider",
        middleware=ADMIN,
        opt=WRONG_SCHEME_IS_401,
        dto=ModelJSON[CreateProvider],
        return_dto=None,
        operation_class=documented_by(),
        responses=responses(*RULES, UnreachableProviderError, SecretKeyError),
    )
    async def create(
        self,
        request: Request[Key, Key, Any],
        providers: NamedDependency[ProviderService],
        feed: NamedDependency[CatalogFeed],
        data: JSONBody[CreateProvider],
    ) -> AddedProvider:
        """Ask a provider for its model, and let it answer for the router from then on."""
        added = await providers.create(actor_of(request.auth), data.new())
        await feed.try_refresh()
        return AddedProvider.of(added)

    @get(
        operation_id="get_providers",
        summary="List providers",
        middleware=PROVIDING,
        operation_class=documented_by(query=ProviderPageQuery),
        responses=responses(InsufficientRightsError),
    )
    async def get_many(
        self, providers: NamedDependency[ProviderService], wanted: NamedDependency[ProviderPageQuery]
    ) -> ProviderList:
        """One page of providers, of one router or of all."""
        views = await providers.list(wanted.page(), wanted.router)
        return ProviderList(data=[ProviderBody.of(view) for view in views])

    @get(
        "/{provider:str}",
        operation_id="get_provider",
        summary="Look at a provider",
        middleware=PROVIDING,
        operation_class=ONE,
        responses=responses(InsufficientRightsError, ProviderNotFoundError),
    )
    async def get_one(
        self, providers: NamedDependency[ProviderService], which: NamedDependency[ProviderPath]
    ) -> ProviderBody:
        """One provider."""
        return ProviderBody.of(await providers.get(which.provider))

    @patch(
        "/{provider:str}",
        status_code=204,
        operation_id="update_provider",
        summary="Change a provider",
        middleware=PROVIDING,
        dto=ModelJSON[UpdateProvider],
        return_dto=None,
        operation_class=ONE,
        responses=responses(*RULES, ProviderNotFoundError),
    )
    async def update(
        self,
        request: Request[Key, Key, Any],
        providers: NamedDependency[ProviderService],
        feed: NamedDependency[CatalogFeed],
        which: NamedDependency[ProviderPath],
        data: JSONBody[UpdateProvider],
    ) -> None:
        """Change a provider, or move it to another router."""
        await providers.update(actor_of(request.auth), which.provider, data.patch())
        await feed.try_refresh()

    @delete(
        "/{provider:str}",
        status_code=200,
        operation_id="delete_provider",
        summary="Remove a provider",
        middleware=ADMIN,
        operation_class=ONE,
        responses=responses(InsufficientRightsError, ProviderNotFoundError, ConflictError),
    )
    async def remove(
        self,
        request: Request[Key, Key, Any],
        providers: NamedDependency[ProviderService],
        feed: NamedDependency[CatalogFeed],
        which: NamedDependency[ProviderPath],
    ) -> ProviderBody:
        """Remove a provider; that of a deployed model goes with the model."""
        gone = await providers.delete(actor_of(request.auth), which.provider)
        await feed.try_refresh()
        return ProviderBody.of(gone)
