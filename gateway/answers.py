"""Responses that are JSON bytes already, and skip Litestar's rendering."""

from typing import Any, cast

from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send


class JSONAnswer(Response[bytes]):
    """JSON, with status 200.

    Litestar's own merges the headers of all layers each time, which takes longer than encoding a vector.
    """

    def __init__(self, body: bytes) -> None:
        self.content = body

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        """It is its own."""
        return cast("ASGIResponse", self)

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(self.content)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.content, "more_body": False})
