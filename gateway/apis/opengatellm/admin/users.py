"""`/v1/admin/users`."""

from typing import Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.accounts.users import UserService
from control_plane.catalog import Key, Permission
from control_plane.errors import (
    ConflictError,
    OrganizationNotFoundError,
    PasswordsBusyError,
    ReservedEmailError,
    RoleNotFoundError,
    UserNotFoundError,
    WrongPasswordError,
)
from gateway.apis.opengatellm.errors import responses
from gateway.apis.opengatellm.schemas.created import Created
from gateway.apis.opengatellm.schemas.users import (
    CreateUser,
    UpdateUser,
    UserBody,
    UserList,
    UserPath,
    UsersQuery,
)
from gateway.bearer import InsufficientRightsError, actor_of, permission_layer
from gateway.catalog_feed import CatalogFeed
from gateway.parameters import documented_by, path_of, query_of
from gateway.validation import ModelJSON

ONE = documented_by(path=UserPath)
REFERENCES = (
    InsufficientRightsError,
    ReservedEmailError,
    RoleNotFoundError,
    OrganizationNotFoundError,
    ConflictError,
    PasswordsBusyError,
)


class UsersController(Controller):
    """Users: accounts of people and programs."""

    path = "/admin/users"
    tags = ("admin",)
    middleware = (permission_layer(Permission.ADMIN),)
    dependencies = {"wanted": query_of(UsersQuery), "which": path_of(UserPath)}  # noqa: RUF012

    @post(
        operation_id="create_user",
        summary="Create a user",
        dto=ModelJSON[CreateUser],
        return_dto=None,
        operation_class=documented_by(),
        responses=responses(*REFERENCES),
    )
    async def create(
        self, request: Request[Key, Key, Any], users: NamedDependency[UserService], data: JSONBody[CreateUser]
    ) -> Created:
        """Make a user; it gets a key by a token of its own or by logging in."""
        return Created(await users.create(actor_of(request.auth), data.new()))

    @get(
        operation_id="get_users",
        summary="List users",
        operation_class=documented_by(query=UsersQuery),
        responses=responses(InsufficientRightsError, UserNotFoundError),
    )
    async def get_many(
        self, users: NamedDependency[UserService], wanted: NamedDependency[UsersQuery]
    ) -> UserList:
        """One page of users. An e-mail that nobody has answers 404, other filters an empty list."""
        found = await users.list(wanted.page(), wanted.filter())
        return UserList(data=[UserBody.of(view) for view in found])

    @get(
        "/{user:str}",
        operation_id="get_user",
        summary="Look at a user",
        operation_class=ONE,
        responses=responses(InsufficientRightsError, UserNotFoundError),
    )
    async def get_one(
        self, users: NamedDependency[UserService], which: NamedDependency[UserPath]
    ) -> UserBody:
        """One user."""
        return UserBody.of(await users.get(which.user))

    @patch(
        "/{user:str}",
        status_code=204,
        operation_id="update_user",
        summary="Change a user",
        dto=ModelJSON[UpdateUser],
        return_dto=None,
        operation_class=ONE,
        responses=responses(*REFERENCES, UserNotFoundError, WrongPasswordError),
    )
    async def update(
        self,
        request: Request[Key, Key, Any],
        users: NamedDependency[UserService],
        feed: NamedDependency[CatalogFeed],
        which: NamedDependency[UserPath],
        data: JSONBody[UpdateUser],
    ) -> None:
        """Change a user. Absent or null clears organization, budget and expires: send them again."""
        await users.update(actor_of(request.auth), which.user, data.patch())
        await feed.try_refresh()

    @delete(
        "/{user:str}",
        operation_id="delete_user",
        summary="Delete a user",
        operation_class=ONE,
        responses=responses(InsufficientRightsError, UserNotFoundError),
    )
    async def remove(
        self,
        request: Request[Key, Key, Any],
        users: NamedDependency[UserService],
        feed: NamedDependency[CatalogFeed],
        which: NamedDependency[UserPath],
    ) -> None:
        """Remove a user with its keys and models, at once."""
        await users.delete(actor_of(request.auth), which.user)
        await feed.try_refresh()
