"""Bodies of organizations."""

from typing import Literal, Self

import msgspec
from pydantic import BaseModel, Field

from control_plane.organizations.service import OrganizationView
from gateway.apis.opengatellm.schemas.fields import Id, Name, seconds


class OrganizationPath(BaseModel):
    """Which organization."""

    organization: Id = Field(description="Id of the organization.")


class CreateOrganization(BaseModel):
    """An organization to be made."""

    name: Name = Field(description="Unique name.", examples=["Ministry of Silly Walks"])


class UpdateOrganization(BaseModel):
    """What shall change; absent or null leaves it."""

    name: Name | None = Field(None, description="New unique name.", examples=["Ministry of Walks"])


class OrganizationBody(msgspec.Struct, frozen=True, kw_only=True):
    """An organization, with the number of its users."""

    object: Literal["organization"] = "organization"
    id: int
    name: str
    users: int
    created: int
    updated: int

    @classmethod
    def of(cls, view: OrganizationView) -> Self:
        """As this API shows it."""
        return cls(
            id=view.id,
            name=view.name,
            users=view.users,
            created=seconds(view.created_at),
            updated=seconds(view.updated_at),
        )


class OrganizationList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of organizations."""

    object: Literal["list"] = "list"
    data: list[OrganizationBody]
