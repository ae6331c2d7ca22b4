"""`/v1/admin/roles`."""

from typing import Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.catalog import Key, Permission
from control_plane.errors import ConflictError, RoleNotFoundError, RouterNotFoundError
from control_plane.roles.service import RoleService
from gateway.apis.opengatellm.errors import responses
from gateway.apis.opengatellm.schemas.created import Created
from gateway.apis.opengatellm.schemas.pages import NamedPageQuery
from gateway.apis.opengatellm.schemas.roles import CreateRole, RoleBody, RoleList, RolePath, UpdateRole
from gateway.bearer import InsufficientRightsError, actor_of, permission_layer
from gateway.catalog_feed import CatalogFeed
from gateway.parameters import documented_by, path_of, query_of
from gateway.validation import ModelJSON

ONE = documented_by(path=RolePath)


class RolesController(Controller):
    """Roles: what users may do, and how much of each router they may use."""

    path = "/admin/roles"
    tags = ("admin",)
    middleware = (permission_layer(Permission.ADMIN),)
    dependencies = {"wanted": query_of(NamedPageQuery), "which": path_of(RolePath)}  # noqa: RUF012

    @post(
        operation_id="create_role",
        summary="Create a role",
        dto=ModelJSON[CreateRole],
        return_dto=None,
        operation_class=documented_by(),
        responses=responses(InsufficientRightsError, RouterNotFoundError, ConflictError),
    )
    async def create(
        self, request: Request[Key, Key, Any], roles: NamedDependency[RoleService], data: JSONBody[CreateRole]
    ) -> Created:
        """Make a role; nothing is made where a limit names an unknown router."""
        return Created(await roles.create(actor_of(request.auth), data.new()))

    @get(
        operation_id="get_roles",
        summary="List roles",
        operation_class=documented_by(query=NamedPageQuery),
        responses=responses(InsufficientRightsError),
    )
    async def get_many(
        self, roles: NamedDependency[RoleService], wanted: NamedDependency[NamedPageQuery]
    ) -> RoleList:
        """One page of roles."""
        return RoleList(data=[RoleBody.of(view) for view in await roles.list(wanted.page())])

    @get(
        "/{role:str}",
        operation_id="get_role",
        summary="Look at a role",
        operation_class=ONE,
        responses=responses(InsufficientRightsError, RoleNotFoundError),
    )
    async def get_one(
        self, roles: NamedDependency[RoleService], which: NamedDependency[RolePath]
    ) -> RoleBody:
        """One role."""
        return RoleBody.of(await roles.get(which.role))

    @patch(
        "/{role:str}",
        status_code=204,
        operation_id="update_role",
        summary="Change a role",
        dto=ModelJSON[UpdateRole],
        return_dto=None,
        operation_class=ONE,
        responses=responses(InsufficientRightsError, RoleNotFoundError, ConflictError),
    )
    async def update(
        self,
        request: Request[Key, Key, Any],
        roles: NamedDependency[RoleService],
        feed: NamedDependency[CatalogFeed],
        which: NamedDependency[RolePath],
        data: JSONBody[UpdateRole],
    ) -> None:
        """Change a role; in force from the next request on."""
        await roles.update(actor_of(request.auth), which.role, data.patch())
        await feed.try_refresh()

    @delete(
        "/{role:str}",
        operation_id="delete_role",
        summary="Delete a role",
        operation_class=ONE,
        responses=responses(InsufficientRightsError, RoleNotFoundError, ConflictError),
    )
    async def remove(
        self,
        request: Request[Key, Key, Any],
        roles: NamedDependency[RoleService],
        which: NamedDependency[RolePath],
    ) -> None:
        """Remove a role that no user has."""
        await roles.delete(actor_of(request.auth), which.role)
