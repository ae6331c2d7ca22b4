"""Bodies of the audit log."""

from typing import Any, Literal, Self

import msgspec
from pydantic import Field

from control_plane.audit.service import AuditRecord
from gateway.apis.opengatellm.schemas.fields import Id, Name, seconds
from gateway.apis.opengatellm.schemas.pages import ORDER_BY, ORDER_DIRECTION, PageQuery


class AuditQuery(PageQuery):
    """Which entries; the newest first unless asked otherwise."""

    order_by: Literal["id", "created"] = Field(
        "id", validation_alias=ORDER_BY, description="Field to order by."
    )
    order_direction: Literal["asc", "desc"] = Field(
        "desc", validation_alias=ORDER_DIRECTION, description="Ascending or descending; ties go by id."
    )
    actor: Id | None = Field(None, description="Only acts of this user; 0 is the root key.")
    target: Name | None = Field(None, description="Only this kind of object, such as `role`.")
    target_id: Id | None = Field(None, description="Only the object with this id.")


class AuditBody(msgspec.Struct, frozen=True, kw_only=True):
    """One act.

    Attributes:
        actor: who acted; null for the command line, 0 for the root key.
        actor_name: e-mail or name at the time.
        key: key that was used; null for the command line.
        action: such as `create`, `update`, `delete` or `revoke`.
        target: kind of thing that was changed.
        before: what it was, with secrets masked; null where there was nothing.
        after: what it became; null where nothing is left.

    """

    object: Literal["audit"] = "audit"
    id: int
    created: int
    actor: int | None
    actor_name: str
    key: int | None
    action: str
    target: str
    target_id: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @classmethod
    def of(cls, record: AuditRecord) -> Self:
        """As this API shows it."""
        return cls(
            id=record.id,
            created=seconds(record.created_at),
            actor=record.actor_id,
            actor_name=record.actor,
            key=record.key_id,
            action=record.action,
            target=record.object,
            target_id=record.object_id,
            before=record.before,
            after=record.after,
        )


class AuditList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the log."""

    object: Literal["list"] = "list"
    data: list[AuditBody]
