"""`/v1/admin/tokens`: the keys of all users."""

from typing import Any

from litestar import Controller, Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.accounts.tokens import TokenService
from control_plane.catalog import Key, Permission
from control_plane.errors import KeyLifetimeError, KeyNotFoundError, UserNotFoundError
from gateway.apis.opengatellm.errors import responses
from gateway.apis.opengatellm.schemas.fields import moment
from gateway.apis.opengatellm.schemas.tokens import (
    CreatedToken,
    CreateToken,
    TokenBody,
    TokenList,
    TokenPath,
    TokensQuery,
)
from gateway.bearer import InsufficientRightsError, actor_of, permission_layer
from gateway.catalog_feed import CatalogFeed
from gateway.parameters import documented_by, path_of, query_of
from gateway.validation import ModelJSON

ONE = documented_by(path=TokenPath)


class TokensController(Controller):
    """Keys that administrators make for users, and end."""

    path = "/admin/tokens"
    tags = ("admin",)
    middleware = (permission_layer(Permission.ADMIN),)
    dependencies = {"wanted": query_of(TokensQuery), "which": path_of(TokenPath)}  # noqa: RUF012

    @post(
        operation_id="create_token",
        summary="Create a token for a user",
        dto=ModelJSON[CreateToken],
        return_dto=None,
        operation_class=documented_by(),
        responses=responses(InsufficientRightsError, UserNotFoundError, KeyLifetimeError),
    )
    async def create(
        self,
        request: Request[Key, Key, Any],
        tokens: NamedDependency[TokenService],
        feed: NamedDependency[CatalogFeed],
        data: JSONBody[CreateToken],
    ) -> CreatedToken:
        """Make a key that works at once. It is shown in full here and never again."""
        end = moment(data.expires)
        created = await tokens.create(actor_of(request.auth), data.user, data.name, end)
        await feed.try_refresh()
        return CreatedToken(id=created.id, token=created.secret)

    @get(
        operation_id="get_tokens",
        summary="List tokens",
        operation_class=documented_by(query=TokensQuery),
        responses=responses(InsufficientRightsError),
    )
    async def get_many(
        self, tokens: NamedDependency[TokenService], wanted: NamedDependency[TokensQuery]
    ) -> TokenList:
        """One page of the keys in force, of one user or of all."""
        return TokenList(data=[TokenBody.of(view) for view in await tokens.list(wanted.page(), wanted.user)])

    @get(
        "/{token:str}",
        operation_id="get_token",
        summary="Look at a token",
        operation_class=ONE,
        responses=responses(InsufficientRightsError, KeyNotFoundError),
    )
    async def get_one(
        self, tokens: NamedDependency[TokenService], which: NamedDependency[TokenPath]
    ) -> TokenBody:
        """One key in force."""
        return TokenBody.of(await tokens.get(which.token))

    @delete(
        "/{token:str}",
        operation_id="delete_token",
        summary="Delete a token",
        operation_class=ONE,
        responses=responses(InsufficientRightsError, KeyNotFoundError),
    )
    async def remove(
        self,
        request: Request[Key, Key, Any],
        tokens: NamedDependency[TokenService],
        feed: NamedDependency[CatalogFeed],
        which: NamedDependency[TokenPath],
    ) -> None:
        """End a key, at once here and within a second on every other gateway."""
        await tokens.delete(actor_of(request.auth), which.token)
        await feed.try_refresh()
