"""Model names that contain slashes, which the router would split."""

import re
from urllib.parse import unquote

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

STAND_IN = "\x1f"
"""Stands for a slash within a name; no name holds it."""

MODELS = "/v2/models/"

_ENCODED = re.compile("%2F", re.IGNORECASE)
_PATH = re.compile(MODELS + r"(?P<name>.+?)(?P<end>(/versions/[^/]+)?(/config|/ready|/infer)?/?)")


class SlashesLayer:
    """ASGI layer around a router, which hides the slashes in names from it; see `shown`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP or not (path := scope["path"]).startswith(MODELS):
            await self._app(scope, receive, send)
            return
        scope["path"] = _hidden(scope["raw_path"])
        try:
            await self._app(scope, receive, send)
        finally:
            scope["path"] = path


def _hidden(raw: bytes) -> str:
    """The decoded path without slashes in names: those that came encoded, and those before a known end."""
    path = unquote(_ENCODED.sub(STAND_IN, raw.decode("ascii")))
    if (match := _PATH.fullmatch(path)) is None:
        return path
    return MODELS + match["name"].replace("/", STAND_IN) + match["end"]


def shown(name: str) -> str:
    """A name out of a path as its model has it."""
    return name.replace(STAND_IN, "/")
