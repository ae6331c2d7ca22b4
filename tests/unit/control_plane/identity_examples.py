"""Roles, users and routers for tests of identity."""

from control_plane.accounts.passwords import Passwords
from control_plane.accounts.schemas import NewUser
from control_plane.accounts.users import UserService
from control_plane.audit.service import Actor
from control_plane.db.engine import Database
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from control_plane.roles.schemas import NewRole
from control_plane.roles.service import RoleService

ADMIN = Actor(id=0, name="master", key_id=1)


async def router(database: Database, name: str = "mini") -> None:
    """A router; the first one has id 1."""
    await ModelService(database).add(NewModel(name=name, source="file:/nowhere"))


async def role(database: Database, name: str = "member", **fields: object) -> int:
    return await RoleService(database).create(ADMIN, NewRole(name=name, **fields))  # type: ignore[arg-type]


async def user(database: Database, email: str = "ann@example.org", **fields: object) -> int:
    role_id = fields.pop("role", None) or await role(database, f"role of {email}")
    new = NewUser(email=email, password="correct horse", role=role_id, **fields)  # type: ignore[arg-type]
    return await UserService(database, Passwords()).create(ADMIN, new)
