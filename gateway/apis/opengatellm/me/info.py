"""`/v1/me/info`."""

from typing import Any

from litestar import Controller, Request, get, patch
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.accounts.tables import ROOT_ACCOUNT_ID
from control_plane.accounts.users import UserService
from control_plane.catalog import MASTER, Catalog, Key, LimitType, Permission
from control_plane.errors import (
    ConflictError,
    PasswordsBusyError,
    ReservedEmailError,
    UserNotFoundError,
    WrongPasswordError,
)
from control_plane.roles.schemas import Limit
from gateway.apis.opengatellm.errors import responses
from gateway.apis.opengatellm.schemas.fields import seconds, seconds_or_none
from gateway.apis.opengatellm.schemas.me import UpdateMe, UserInfo
from gateway.bearer import actor_of
from gateway.catalog_feed import CatalogFeed
from gateway.parameters import documented_by
from gateway.serving.snapshots import Snapshots
from gateway.validation import ModelJSON


class InfoController(Controller):
    """What callers see of themselves; accounts whose time is over may still look."""

    path = "/me/info"
    tags = ("me",)

    @get(operation_id="get_me", summary="Look at yourself", responses=responses(UserNotFoundError))
    async def info(
        self,
        request: Request[Key, Key, Any],
        users: NamedDependency[UserService],
        snapshots: NamedDependency[Snapshots],
    ) -> UserInfo:
        """The caller's account, with the permissions and limits of its role."""
        key = request.auth
        permissions = sorted(key.permissions)
        if key.account_id == ROOT_ACCOUNT_ID:
            return _root(permissions, snapshots.current)
        user = await users.get(key.account_id)
        return UserInfo(
            id=user.id,
            email=user.email,
            name=user.name,
            organization=user.organization,
            budget=user.budget,
            permissions=permissions,
            limits=_limits(key),
            expires=seconds_or_none(user.expires_at),
            priority=user.priority,
            created=seconds(user.created_at),
            updated=seconds(user.updated_at),
        )


class ChangeController(Controller):
    """What callers change of themselves."""

    path = "/me/info"
    tags = ("me",)

    @patch(
        status_code=204,
        operation_id="update_me",
        summary="Change yourself",
        dto=ModelJSON[UpdateMe],
        return_dto=None,
        operation_class=documented_by(),
        responses=responses(
            ReservedEmailError, UserNotFoundError, WrongPasswordError, ConflictError, PasswordsBusyError
        ),
    )
    async def update(
        self,
        request: Request[Key, Key, Any],
        users: NamedDependency[UserService],
        feed: NamedDependency[CatalogFeed],
        data: JSONBody[UpdateMe],
    ) -> None:
        """Change name, e-mail or password; all that administrators decide stays as it is."""
        await users.update(actor_of(request.auth), request.auth.account_id, data.patch())
        await feed.try_refresh()


def _root(permissions: list[Permission], catalog: Catalog) -> UserInfo:
    """The root account, whose limits are none on every router."""
    routers = sorted(router.id for router in catalog.routers.values())
    return UserInfo(
        id=ROOT_ACCOUNT_ID,
        email=MASTER,
        name=MASTER,
        organization=0,
        budget=None,
        permissions=permissions,
        limits=[Limit(router=router, type=kind, value=None) for router in routers for kind in LimitType],
        expires=None,
        priority=0,
        created=0,
        updated=0,
    )


def _limits(key: Key) -> list[Limit]:
    """The role's limits but those that grant nothing."""
    if key.principal.role is None:
        return []
    return [
        Limit(router=router, type=kind, value=value)
        for router, types in sorted(key.principal.role.limits.items())
        for kind, value in sorted(types.items())
        if value != 0
    ]
