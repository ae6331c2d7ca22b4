"""Callers who send `Authorization: Bearer KEY`, and what their role lets them do."""

from collections.abc import Callable, Mapping
from time import time

from litestar.types import ASGIApp, Receive, Scope, Send

from control_plane.audit.service import Actor
from control_plane.catalog import MASTER, Key, Permission
from gateway.auth import ForbiddenError, find_key
from gateway.observability.timing import stage
from gateway.serving.snapshots import Snapshots
from model_repository.errors import TriremeError

Layer = Callable[[ASGIApp], ASGIApp]


class NotAuthenticatedError(TriremeError):
    """No key was sent."""

    status = 401
    code = "not_authenticated"

    @property
    def headers(self) -> Mapping[str, str]:
        """What kind of key is wanted."""
        return {"WWW-Authenticate": "Bearer"}


class InvalidSchemeError(TriremeError):
    """The scheme is spelled otherwise than `Bearer`."""

    status = 403
    code = "invalid_scheme"


class UnauthorizedSchemeError(InvalidSchemeError):
    """The scheme is spelled otherwise than `Bearer`, on a route whose clients know this as 401."""

    status = 401
    code = "invalid_scheme"


class InvalidKeyError(TriremeError):
    """The key is unknown, deleted or expired, or its account is; which of these is not told."""

    status = 403
    code = "invalid_key"


class InsufficientRightsError(TriremeError):
    """The caller's role lacks the permission."""

    status = 403
    code = "insufficient_rights"


WRONG_SCHEME_IS_401 = {"wrong_scheme": UnauthorizedSchemeError}
"""`opt` of routes on which the published API refuses a wrong scheme with 401 and not with 403."""


def bearer_layer(snapshots: Snapshots, *, expired_accounts: bool = False) -> Layer:
    """ASGI layer that sets `request.auth` to the caller's key.

    A key that travels alone, as for other APIs, is taken as well: in `Authorization`, or in `x-api-key` where
    there is no `Authorization`.

    Args:
        expired_accounts: let in accounts whose time is over.

    """

    def wrap(app: ASGIApp) -> ASGIApp:
        async def authenticated(scope: Scope, receive: Receive, send: Send) -> None:
            with stage("auth"):
                try:
                    scheme, secret = credentials_of(dict(scope["headers"]))
                    scope["auth"] = find_key(
                        snapshots.current, secret, now=time(), expired_accounts=expired_accounts
                    )
                except ForbiddenError:
                    raise _refusal(scheme) from None
                except InvalidSchemeError as error:
                    refusal = scope["route_handler"].opt.get("wrong_scheme", InvalidSchemeError)
                    raise refusal(error.message) from None
            await app(scope, receive, send)

        return authenticated

    return wrap


def permission_layer(*wanted: Permission, message: str = "Insufficient rights.") -> Layer:
    """ASGI layer within `bearer_layer`: the caller must hold one of these permissions."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def permitted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["auth"].permissions.isdisjoint(wanted):
                raise InsufficientRightsError(message)
            await app(scope, receive, send)

        return permitted

    return wrap


def credentials_of(headers: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """The key that a request carries, and the header or scheme that says that it is one.

    Args:
        headers: by lower-case name.

    Returns:
        `Bearer` or `x-api-key` and the key; nothing and the key where it stands alone in `Authorization`.

    Raises:
        NotAuthenticatedError: there is none.
        InvalidSchemeError: it does not follow the word `Bearer`.

    """
    if b"authorization" not in headers:
        if b"x-api-key" in headers:
            return b"x-api-key", headers[b"x-api-key"]
        raise _missing()
    scheme, space, secret = headers[b"authorization"].partition(b" ")
    if not space:
        return b"", scheme
    if scheme.lower() != b"bearer" or not secret:
        raise _missing()
    if scheme != b"Bearer":
        raise InvalidSchemeError("Invalid authentication scheme.")
    return scheme, secret.strip()


def _refusal(scheme: bytes) -> TriremeError:
    """What stands alone in `Authorization` may be a key; a wrong one is as good as none there."""
    return InvalidKeyError("Invalid API key.") if scheme else _missing()


def _missing() -> NotAuthenticatedError:
    return NotAuthenticatedError("Not authenticated")


def actor_of(key: Key) -> Actor:
    """The caller as the audit log names it."""
    return Actor(id=key.account_id, name=MASTER if key.is_root else key.principal.label, key_id=key.id)
