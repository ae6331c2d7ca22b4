"""`/v1/admin/routers`."""

from typing import Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.catalog import Key, Permission
from control_plane.errors import ConflictError, IncompatibleProviderError, RouterNotFoundError
from control_plane.routers.administration import RouterService
from gateway.apis.opengatellm.errors import responses
from gateway.apis.opengatellm.schemas.pages import KeyPageQuery
from gateway.apis.opengatellm.schemas.routers import (
    CreatedRouter,
    CreateRouter,
    RouterBody,
    RouterList,
    RouterPath,
    UpdateRouter,
)
from gateway.bearer import WRONG_SCHEME_IS_401, InsufficientRightsError, actor_of, permission_layer
from gateway.catalog_feed import CatalogFeed
from gateway.parameters import documented_by, path_of, query_of
from gateway.validation import ModelJSON

ONE = documented_by(path=RouterPath)
ADMIN = (permission_layer(Permission.ADMIN, message="User has no admin rights."),)


class RoutersController(Controller):
    """Routers: what callers name as `model`."""

    path = "/admin/routers"
    tags = ("admin",)
    opt = WRONG_SCHEME_IS_401
    dependencies = {"wanted": query_of(KeyPageQuery), "which": path_of(RouterPath)}  # noqa: RUF012

    @post(
        operation_id="create_router",
        summary="Create a router",
        middleware=ADMIN,
        dto=ModelJSON[CreateRouter],
        return_dto=None,
        operation_class=documented_by(),
        responses=responses(InsufficientRightsError, ConflictError),
    )
    async def create(
        self,
        request: Request[Key, Key, Any],
        routers: NamedDependency[RouterService],
        feed: NamedDependency[CatalogFeed],
        data: JSONBody[CreateRouter],
    ) -> CreatedRouter:
        """Make a router; callers can use it when it has a provider."""
        made = await routers.create(actor_of(request.auth), data.new())
        await feed.try_refresh()
        return CreatedRouter.of(made)

    @get(
        operation_id="get_routers",
        summary="List routers",
        middleware=ADMIN,
        operation_class=documented_by(query=KeyPageQuery),
        responses=responses(InsufficientRightsError),
    )
    async def get_many(
        self, routers: NamedDependency[RouterService], wanted: NamedDependency[KeyPageQuery]
    ) -> RouterList:
        """One page of routers, those of deployed models among them."""
        views, total = await routers.list(wanted.page())
        data = [RouterBody.of(view) for view in views]
        return RouterList(total=total, offset=wanted.offset, limit=wanted.limit, data=data)

    @get(
        "/{router:str}",
        operation_id="get_router",
        summary="Look at a router",
        middleware=ADMIN,
        operation_class=ONE,
        responses=responses(InsufficientRightsError, RouterNotFoundError),
    )
    async def get_one(
        self, routers: NamedDependency[RouterService], which: NamedDependency[RouterPath]
    ) -> RouterBody:
        """One router."""
        return RouterBody.of(await routers.get(which.router))

    @patch(
        "/{router:str}",
        status_code=204,
        operation_id="update_router",
        summary="Change a router",
        middleware=(permission_layer(Permission.ADMIN),),
        dto=ModelJSON[UpdateRouter],
        return_dto=None,
        operation_class=ONE,
        responses=responses(
            InsufficientRightsError, RouterNotFoundError, ConflictError, IncompatibleProviderError
        ),
    )
    async def update(
        self,
        request: Request[Key, Key, Any],
        routers: NamedDependency[RouterService],
        feed: NamedDependency[CatalogFeed],
        which: NamedDependency[RouterPath],
        data: JSONBody[UpdateRouter],
    ) -> None:
        """Change a router; in force from the next request on."""
        await routers.update(actor_of(request.auth), which.router, data.patch())
        await feed.try_refresh()

    @delete(
        "/{router:str}",
        status_code=200,
        operation_id="delete_router",
        summary="Delete a router",
        middleware=ADMIN,
        operation_class=ONE,
        responses=responses(InsufficientRightsError, RouterNotFoundError, ConflictError),
    )
    async def remove(
        self,
        request: Request[Key, Key, Any],
        routers: NamedDependency[RouterService],
        feed: NamedDependency[CatalogFeed],
        which: NamedDependency[RouterPath],
    ) -> RouterBody:
        """Remove a router with its providers and limits; that of a deployed model goes with the model."""
        gone = await routers.delete(actor_of(request.auth), which.router)
        await feed.try_refresh()
        return RouterBody.of(gone)
