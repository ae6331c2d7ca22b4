"""`/v1/admin/organizations`."""

from typing import Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.catalog import Key, Permission
from control_plane.errors import ConflictError, OrganizationNotFoundError
from control_plane.organizations.service import OrganizationService
from gateway.apis.opengatellm.errors import responses
from gateway.apis.opengatellm.schemas.created import Created
from gateway.apis.opengatellm.schemas.organizations import (
    CreateOrganization,
    OrganizationBody,
    OrganizationList,
    OrganizationPath,
    UpdateOrganization,
)
from gateway.apis.opengatellm.schemas.pages import NamedPageQuery
from gateway.bearer import InsufficientRightsError, actor_of, permission_layer
from gateway.parameters import documented_by, path_of, query_of
from gateway.validation import ModelJSON

ONE = documented_by(path=OrganizationPath)


class OrganizationsController(Controller):
    """Organizations: a name that users are grouped under."""

    path = "/admin/organizations"
    tags = ("admin",)
    middleware = (permission_layer(Permission.ADMIN),)
    dependencies = {"wanted": query_of(NamedPageQuery), "which": path_of(OrganizationPath)}  # noqa: RUF012

    @post(
        operation_id="create_organization",
        summary="Create an organization",
        dto=ModelJSON[CreateOrganization],
        return_dto=None,
        operation_class=documented_by(),
        responses=responses(InsufficientRightsError, ConflictError),
    )
    async def create(
        self,
        request: Request[Key, Key, Any],
        organizations: NamedDependency[OrganizationService],
        data: JSONBody[CreateOrganization],
    ) -> Created:
        """Make an organization."""
        return Created(await organizations.create(actor_of(request.auth), data.name))

    @get(
        operation_id="get_organizations",
        summary="List organizations",
        operation_class=documented_by(query=NamedPageQuery),
        responses=responses(InsufficientRightsError),
    )
    async def get_many(
        self, organizations: NamedDependency[OrganizationService], wanted: NamedDependency[NamedPageQuery]
    ) -> OrganizationList:
        """One page of organizations."""
        found = await organizations.list(wanted.page())
        return OrganizationList(data=[OrganizationBody.of(view) for view in found])

    @get(
        "/{organization:str}",
        operation_id="get_organization",
        summary="Look at an organization",
        operation_class=ONE,
        responses=responses(InsufficientRightsError, OrganizationNotFoundError),
    )
    async def get_one(
        self, organizations: NamedDependency[OrganizationService], which: NamedDependency[OrganizationPath]
    ) -> OrganizationBody:
        """One organization."""
        return OrganizationBody.of(await organizations.get(which.organization))

    @patch(
        "/{organization:str}",
        status_code=204,
        operation_id="update_organization",
        summary="Rename an organization",
        dto=ModelJSON[UpdateOrganization],
        return_dto=None,
        operation_class=ONE,
        responses=responses(InsufficientRightsError, OrganizationNotFoundError, ConflictError),
    )
    async def update(
        self,
        request: Request[Key, Key, Any],
        organizations: NamedDependency[OrganizationService],
        which: NamedDependency[OrganizationPath],
        data: JSONBody[UpdateOrganization],
    ) -> None:
        """Give an organization another name."""
        await organizations.rename(actor_of(request.auth), which.organization, data.name)

    @delete(
        "/{organization:str}",
        operation_id="delete_organization",
        summary="Delete an organization",
        operation_class=ONE,
        responses=responses(InsufficientRightsError, OrganizationNotFoundError, ConflictError),
    )
    async def remove(
        self,
        request: Request[Key, Key, Any],
        organizations: NamedDependency[OrganizationService],
        which: NamedDependency[OrganizationPath],
    ) -> None:
        """Remove an organization that nobody is in."""
        await organizations.delete(actor_of(request.auth), which.organization)
