"""Bodies of roles."""

from collections import Counter
from typing import Annotated, Literal, Self

import msgspec
from msgspec import UNSET, UnsetType
from pydantic import AfterValidator, BaseModel, Field

from control_plane.catalog import LimitType, Permission
from control_plane.roles.schemas import Limit, NewRole, RolePatch, RoleView
from gateway.apis.opengatellm.schemas.fields import Id, Name, seconds

MAX_LIMITS = 20_000
"""Limits of one role: four for each of five thousand routers."""


class LimitBody(BaseModel):
    """How much of a router each user of the role may use; all four types are needed to use it at all."""

    router: Id = Field(description="Id of the router.")
    type: LimitType = Field(description="Requests (r) or prompt tokens (t) a minute (m) or day (d).")
    value: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = Field(None, description="Null is unlimited.")


def _distinct(limits: list[LimitBody]) -> list[LimitBody]:
    counts = Counter((limit.router, limit.type) for limit in limits)
    for (router, kind), count in counts.items():
        if count > 1:
            raise ValueError(f"Duplicate limit {kind} for router {router}.")
    return limits


Limits = Annotated[list[LimitBody], Field(max_length=MAX_LIMITS), AfterValidator(_distinct)]

EXAMPLE = [{"router": 1, "type": "rpm", "value": 60}, {"router": 1, "type": "tpd", "value": None}]


class RolePath(BaseModel):
    """Which role."""

    role: Id = Field(description="Id of the role.")


class CreateRole(BaseModel):
    """A role to be made."""

    name: Name = Field(description="Unique name.", examples=["researcher"])
    permissions: list[Permission] | None = Field([], description="Repeated ones count once.", examples=[[]])
    limits: Limits = Field([], description="At most one a router and type.", examples=[EXAMPLE])

    def new(self) -> NewRole:
        """As the control plane takes it."""
        return NewRole(
            name=self.name, permissions=frozenset(self.permissions or ()), limits=_limits(self.limits)
        )


class UpdateRole(BaseModel):
    """What shall change: a given list replaces the old one, absent or null leaves it."""

    name: Name | None = Field(None, description="New unique name.", examples=["researcher"])
    permissions: list[Permission] | None = Field(None, examples=[["read_metric"]])
    limits: Limits | None = Field(None, examples=[EXAMPLE])

    def patch(self) -> RolePatch:
        """As the control plane takes it."""
        permissions: frozenset[Permission] | UnsetType = UNSET
        if self.permissions is not None:
            permissions = frozenset(self.permissions)
        return RolePatch(
            name=UNSET if self.name is None else self.name,
            permissions=permissions,
            limits=UNSET if self.limits is None else _limits(self.limits),
        )


class RoleBody(msgspec.Struct, frozen=True, kw_only=True):
    """A role, with the number of its users."""

    object: Literal["role"] = "role"
    id: int
    name: str
    permissions: list[Permission]
    limits: list[Limit]
    users: int
    created: int
    updated: int

    @classmethod
    def of(cls, view: RoleView) -> Self:
        """As this API shows it."""
        return cls(
            id=view.id,
            name=view.name,
            permissions=view.permissions,
            limits=view.limits,
            users=view.users,
            created=seconds(view.created_at),
            updated=seconds(view.updated_at),
        )


class RoleList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of roles."""

    object: Literal["list"] = "list"
    data: list[RoleBody]


def _limits(limits: list[LimitBody]) -> tuple[Limit, ...]:
    return tuple(Limit(router=limit.router, type=limit.type, value=limit.value) for limit in limits)
