"""Who is calling: a key's sha-256 looked up in the snapshot. No SQL, and no secret kept."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from time import time

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from control_plane.catalog import Catalog, Key
from gateway.observability.timing import stage
from gateway.serving.snapshots import Snapshots
from model_repository.errors import TriremeError

Guard = Callable[[ASGIConnection, BaseRouteHandler], Awaitable[None]]  # type: ignore[type-arg]


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


def find_key(catalog: Catalog, secret: bytes, *, now: float) -> Key:
    """The key that `secret` proves.

    Args:
        now: POSIX time in seconds.

    Raises:
        ForbiddenError: no such key, or its time is over.
        StartingError: no catalogue has arrived yet.

    """
    if catalog.generation < 0:
        raise StartingError("no keys are known yet")
    key = catalog.keys.get(sha256(secret).digest())
    if key is None or (key.expires_at is not None and key.expires_at <= now):
        raise ForbiddenError("Forbidden")
    return key


def header_guard(snapshots: Snapshots, header: bytes) -> Guard:
    """Guard for routes whose key travels alone in `header` (lower case); runs before the body is read."""

    async def guard(connection: ASGIConnection, _handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
        with stage("auth"):
            secret = next((value for name, value in connection.scope["headers"] if name == header), b"")
            connection.scope["auth"] = find_key(snapshots.current, secret, now=time())

    return guard
