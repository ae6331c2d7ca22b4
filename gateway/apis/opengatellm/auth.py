"""`/v1/auth`: logging in."""

from typing import Any

from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.accounts.login import LoginService
from control_plane.errors import (
    ExpiredAccountError,
    PasswordsBusyError,
    TooManyLoginsError,
    UserNotFoundError,
    WrongPasswordError,
)
from gateway.apis.opengatellm.errors import ErrorBody, SchemaErrorBody
from gateway.apis.opengatellm.schemas.login import LoggedIn, Login
from gateway.catalog_feed import CatalogFeed
from gateway.errors import documented
from gateway.parameters import documented_by
from gateway.throttle import LoginThrottle
from gateway.validation import ModelJSON, SchemaError

REFUSALS = (
    WrongPasswordError,
    ExpiredAccountError,
    UserNotFoundError,
    TooManyLoginsError,
    PasswordsBusyError,
)


class AuthController(Controller):
    """The one route that needs no key."""

    path = "/auth"
    tags = ("auth",)

    @post(
        "/login",
        status_code=200,
        operation_id="login",
        summary="Log in",
        dto=ModelJSON[Login],
        return_dto=None,
        operation_class=documented_by(),
        responses={**documented(ErrorBody, *REFUSALS), **documented(SchemaErrorBody, SchemaError)},
    )
    async def login(
        self,
        request: Request[Any, Any, Any],
        logins: NamedDependency[LoginService],
        login_throttle: NamedDependency[LoginThrottle],
        feed: NamedDependency[CatalogFeed],
        data: JSONBody[Login],
    ) -> LoggedIn:
        """Give a key for the session; the user's session before it ends."""
        await login_throttle.admit(data.email, request.client.host if request.client else "")
        session = await logins.log_in(data.email, data.password)
        await feed.try_refresh()
        return LoggedIn(id=session.user_id, key=session.secret)
