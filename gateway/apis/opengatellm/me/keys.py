"""`/v1/me/keys`: the caller's own keys."""

from typing import Any

from litestar import Controller, Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.accounts.tokens import TokenService
from control_plane.catalog import Key
from control_plane.errors import KeyLifetimeError, KeyNotFoundError, UserNotFoundError
from gateway.apis.opengatellm.errors import responses
from gateway.apis.opengatellm.schemas.fields import moment
from gateway.apis.opengatellm.schemas.pages import KeyPageQuery
from gateway.apis.opengatellm.schemas.tokens import CreatedOwnKey, CreateKey, KeyBody, KeyList, KeyPath
from gateway.bearer import actor_of
from gateway.catalog_feed import CatalogFeed
from gateway.parameters import documented_by, path_of, query_of
from gateway.validation import ModelJSON

ONE = documented_by(path=KeyPath)


class KeysController(Controller):
    """Keys that callers make for themselves, without any permission."""

    path = "/me/keys"
    tags = ("me",)
    dependencies = {"wanted": query_of(KeyPageQuery), "which": path_of(KeyPath)}  # noqa: RUF012

    @post(
        operation_id="create_key",
        summary="Create a key for yourself",
        dto=ModelJSON[CreateKey],
        return_dto=None,
        operation_class=documented_by(),
        responses=responses(UserNotFoundError, KeyLifetimeError),
    )
    async def create(
        self,
        request: Request[Key, Key, Any],
        tokens: NamedDependency[TokenService],
        feed: NamedDependency[CatalogFeed],
        data: JSONBody[CreateKey],
    ) -> CreatedOwnKey:
        """Make a key that works at once. It is shown in full here and never again."""
        key, end = request.auth, moment(data.expires)
        created = await tokens.create(actor_of(key), key.account_id, data.name, end)
        await feed.try_refresh()
        return CreatedOwnKey(id=created.id, key=created.secret, token=created.secret)

    @get(
        operation_id="get_keys",
        summary="List your keys",
        operation_class=documented_by(query=KeyPageQuery),
        responses=responses(),
    )
    async def get_many(
        self,
        request: Request[Key, Key, Any],
        tokens: NamedDependency[TokenService],
        wanted: NamedDependency[KeyPageQuery],
    ) -> KeyList:
        """One page of your keys in force."""
        found = await tokens.list(wanted.page(), request.auth.account_id)
        return KeyList(data=[KeyBody.of(view) for view in found])

    @get(
        "/{key:str}",
        operation_id="get_key",
        summary="Look at one of your keys",
        operation_class=ONE,
        responses=responses(KeyNotFoundError),
    )
    async def get_one(
        self,
        request: Request[Key, Key, Any],
        tokens: NamedDependency[TokenService],
        which: NamedDependency[KeyPath],
    ) -> KeyBody:
        """One of your keys in force."""
        return KeyBody.of(await tokens.get(which.key, request.auth.account_id))

    @delete(
        "/{key:str}",
        operation_id="delete_key",
        summary="Delete one of your keys",
        operation_class=ONE,
        responses=responses(KeyNotFoundError),
    )
    async def remove(
        self,
        request: Request[Key, Key, Any],
        tokens: NamedDependency[TokenService],
        feed: NamedDependency[CatalogFeed],
        which: NamedDependency[KeyPath],
    ) -> None:
        """End one of your keys, at once here and within a second on every other gateway."""
        await tokens.delete(actor_of(request.auth), which.key, request.auth.account_id)
        await feed.try_refresh()
