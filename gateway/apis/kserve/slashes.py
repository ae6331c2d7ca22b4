"""Names of models with slashes, which a router takes for ends of names."""

import re

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

STAND_IN = "\x1f"
"""Stands for a slash within a name; no name holds it."""

_PATH = re.compile(
    r"(?P<before>/v2/models/)(?P<name>.+?)(?P<behind>(/versions/[^/]+)?(/config|/ready|/infer)?/?)"
)


class SlashesLayer:
    """ASGI layer around a router, which hides the slashes in names from it; see `shown`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP or not (match := _PATH.fullmatch(path := scope["path"])):
            await self._app(scope, receive, send)
            return
        scope["path"] = match["before"] + match["name"].replace("/", STAND_IN) + match["behind"]
        try:
            await self._app(scope, receive, send)
        finally:
            scope["path"] = path


def shown(name: str) -> str:
    """A name out of a path as its model has it."""
    return name.replace(STAND_IN, "/")
