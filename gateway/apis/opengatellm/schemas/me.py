"""Bodies of what callers see and change of themselves."""

from typing import Literal, Self

import msgspec
from pydantic import BaseModel, Field, model_validator

from control_plane.accounts.schemas import UserPatch
from control_plane.catalog import Permission
from control_plane.roles.schemas import Limit
from gateway.apis.opengatellm.schemas.fields import Name, Password


class UpdateMe(BaseModel):
    """What shall change; absent or null leaves it. A new password needs the current one."""

    name: Name | None = Field(None, examples=["Ann"])
    email: Name | None = Field(None, examples=["ann@example.org"])
    current_password: Password | None = Field(None, examples=[None])
    password: Password | None = Field(None, examples=[None])

    @model_validator(mode="after")
    def _prove(self) -> Self:
        if self.password is not None and self.current_password is None:
            raise ValueError("Current password is required to change the password.")
        return self

    def patch(self) -> UserPatch:
        """As the control plane takes it: nothing that only administrators may change."""
        given = {name: value for name, value in self.model_dump().items() if value is not None}
        return msgspec.structs.replace(UserPatch(), **given)


class UserInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The caller, with the permissions and limits of its role."""

    object: Literal["userInfo"] = "userInfo"
    id: int
    email: str
    name: str | None
    organization: int | None
    budget: float | None
    permissions: list[Permission]
    limits: list[Limit]
    expires: int | None
    priority: int
    created: int
    updated: int
