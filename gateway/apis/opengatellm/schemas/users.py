"""Bodies of users."""

from typing import Literal, Self

import msgspec
from msgspec import UNSET
from pydantic import BaseModel, Field

from control_plane.accounts.schemas import NewUser, UserFilter, UserPatch, UserView
from gateway.apis.opengatellm.schemas.fields import (
    FutureSeconds,
    Id,
    Money,
    Name,
    Password,
    Priority,
    moment,
    seconds,
    seconds_or_none,
)
from gateway.apis.opengatellm.schemas.pages import NamedPageQuery


class UserPath(BaseModel):
    """Which user."""

    user: Id = Field(description="Id of the user.")


class UsersQuery(NamedPageQuery):
    """Which users."""

    role: Id | None = Field(None, description="Only users with this role.")
    organization: Id | None = Field(None, description="Only users in this organization.")
    email: Name | None = Field(None, description="Only the user with this e-mail; 404 if there is none.")

    def filter(self) -> UserFilter:
        """As the control plane takes it."""
        return UserFilter(role=self.role, organization=self.organization, email=self.email)


class CreateUser(BaseModel):
    """A user to be made."""

    email: Name = Field(description="Unique; what the user logs in with.", examples=["ann@example.org"])
    name: Name | None = Field(None, examples=["Ann"])
    password: Password = Field(description="At most 72 bytes.", examples=["correct horse battery staple"])
    role: Id = Field(description="Id of a role.", examples=[1])
    organization: Id | None = Field(None, description="Id of an organization.", examples=[None])
    budget: Money | None = Field(None, description="Null is unlimited.", examples=[10.0])
    expires: FutureSeconds | None = Field(None, description="Unix time; null is never.", examples=[None])
    priority: Priority | None = Field(0, description="Higher goes first.", examples=[0])

    def new(self) -> NewUser:
        """As the control plane takes it."""
        return NewUser(
            email=self.email,
            password=self.password,
            role=self.role,
            name=self.name,
            organization=self.organization,
            budget=self.budget,
            expires_at=moment(self.expires),
            priority=self.priority or 0,
        )


class UpdateUser(BaseModel):
    """What shall change. Absent or null clears organization, budget and expires, and leaves the others."""

    email: Name | None = Field(None, examples=["ann@example.org"])
    name: Name | None = Field(None, examples=["Ann"])
    current_password: Password | None = Field(
        None, description="If given, it must be right.", examples=[None]
    )
    password: Password | None = Field(None, description="New password.", examples=[None])
    role: Id | None = Field(None, description="Id of the new role.", examples=[None])
    organization: Id | None = Field(None, description="Null takes the user out.", examples=[None])
    budget: Money | None = Field(None, description="Null is unlimited.", examples=[10.0])
    expires: FutureSeconds | None = Field(None, description="Unix time; null is never.", examples=[None])
    priority: Priority | None = Field(None, description="Higher goes first.", examples=[None])

    def patch(self) -> UserPatch:
        """As the control plane takes it."""
        kept = {
            "email": self.email,
            "name": self.name,
            "current_password": self.current_password,
            "password": self.password,
            "role": self.role,
            "priority": self.priority,
        }
        return msgspec.structs.replace(
            UserPatch(organization=self.organization, budget=self.budget, expires_at=moment(self.expires)),
            **{field: UNSET if value is None else value for field, value in kept.items()},
        )


class UserBody(msgspec.Struct, frozen=True, kw_only=True):
    """A user.

    Attributes:
        sub: identity at an external provider; null here.
        iss: that provider; null here.
        role: null for an account of the command line that has none.

    """

    object: Literal["user"] = "user"
    id: int
    email: str
    name: str | None
    sub: str | None = None
    iss: str | None = None
    role: int | None
    organization: int | None
    budget: float | None
    expires: int | None
    created: int
    updated: int
    priority: int

    @classmethod
    def of(cls, view: UserView) -> Self:
        """As this API shows it."""
        return cls(
            id=view.id,
            email=view.email,
            name=view.name,
            role=view.role,
            organization=view.organization,
            budget=view.budget,
            expires=seconds_or_none(view.expires_at),
            created=seconds(view.created_at),
            updated=seconds(view.updated_at),
            priority=view.priority,
        )


class UserList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of users."""

    object: Literal["list"] = "list"
    data: list[UserBody]
