"""Tables of roles, their permissions and their limits."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey
from sqlmodel import Field, SQLModel

from control_plane.catalog import LimitType, Permission
from control_plane.db.types import EnumText, UtcDateTime, utc_now


class Role(SQLModel, table=True):
    """What the accounts that have it may do; an account has one role at most."""

    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))


class RolePermission(SQLModel, table=True):
    """One permission of a role."""

    __tablename__ = "role_permission"

    role_id: int = Field(sa_column=Column(ForeignKey("role.id", ondelete="CASCADE"), primary_key=True))
    permission: Permission = Field(sa_column=Column(EnumText(Permission), primary_key=True))


class RoleLimit(SQLModel, table=True):
    """How much each account of a role may use a router; it goes with the role or the router.

    Attributes:
        value: requests or prompt tokens in the type's window, or None for unlimited.

    """

    __tablename__ = "role_limit"

    role_id: int = Field(sa_column=Column(ForeignKey("role.id", ondelete="CASCADE"), primary_key=True))
    router_id: int = Field(
        sa_column=Column(ForeignKey("router.id", ondelete="CASCADE"), primary_key=True, index=True)
    )
    type: LimitType = Field(sa_column=Column(EnumText(LimitType), primary_key=True))
    value: int | None = Field(default=None, sa_column=Column(BigInteger))
