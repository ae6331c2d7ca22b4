"""Who is calling: a key's sha-256 looked up in the snapshot. No SQL, and no secret kept."""

from collections.abc import Callable, Iterable
from hashlib import sha256
from time import time

from litestar.types import ASGIApp, Receive, Scope, Send

from control_plane.catalog import Catalog, Key
from gateway.observability.timing import stage
from gateway.serving.snapshots import Snapshots
from model_repository.errors import TriremeError


class ForbiddenError(TriremeError):
    """The key is missing, unknown, revoked or expired; which of these is not told."""

    status = 403
    code = "forbidden"


class StartingError(TriremeError):
    """No catalogue has been loaded yet, so nobody can be recognised."""

    status = 503
    code = "starting"
    default_hint = "The gateway is starting; try again shortly."
    retry_after = 1


def find_key(catalog: Catalog, secret: bytes, *, now: float, expired_accounts: bool = False) -> Key:
    """The key that `secret` proves.

    Args:
        now: POSIX time in seconds.
        expired_accounts: recognise an account whose time is over, to whom a route still answers.

    Raises:
        ForbiddenError: no such key, or its time or that of its account is over.
        StartingError: no catalogue has arrived yet.

    """
    if catalog.generation < 0:
        raise StartingError("no keys are known yet")
    key = catalog.keys.get(sha256(secret).digest())
    if key is None or (key.expires_at is not None and key.expires_at <= now):
        raise ForbiddenError("Forbidden")
    end = key.principal.expires_at
    if end is not None and end <= now and not expired_accounts:
        raise ForbiddenError("Forbidden")
    return key


def key_layer(snapshots: Snapshots) -> Callable[[ASGIApp], ASGIApp]:
    """ASGI layer for routes whose key travels alone in `x-api-key`; it sets `request.auth`.

    Where there is no such header, the same key is taken from `Authorization`, alone or behind `Bearer`.

    A layer and not a guard, because Litestar copies the whole handler for each guard of each request.
    """

    def wrap(app: ASGIApp) -> ASGIApp:
        async def authenticated(scope: Scope, receive: Receive, send: Send) -> None:
            with stage("auth"):
                secret = _secret_of(scope["headers"])
                scope["auth"] = find_key(snapshots.current, secret, now=time())
            await app(scope, receive, send)

        return authenticated

    return wrap


def _secret_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The key that a request carries, wherever it does; names of headers are in lower case."""
    authorization = b""
    for name, value in headers:
        if name == b"x-api-key":
            return value
        if name == b"authorization":
            authorization = value
    scheme, _, secret = authorization.partition(b" ")
    return secret.strip() if scheme.lower() == b"bearer" else authorization
