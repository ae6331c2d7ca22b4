"""Bounds how many requests and bytes of bodies are in progress, and ends work when its client disconnects."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPDisconnectEvent, Message, Receive, ReceiveMessage, Scope, Send

from gateway.body import BodyTooLargeError
from gateway.serving.errors import OverloadedError

log = structlog.get_logger(__name__)


class Intake:
    """Counts the requests in progress and the bytes of their bodies, and refuses what is too much.

    Args:
        max_requests: requests in progress.
        max_body: bytes of one body.
        max_bytes: bytes of all bodies together.

    Attributes:
        max_body: bytes of one body.
        refused: requests, by what there was too much of.

    """

    def __init__(self, *, max_requests: int, max_body: int, max_bytes: int) -> None:
        self._max_requests = max_requests
        self.max_body = max_body
        self._max_bytes = max_bytes
        self.requests = 0
        self.bytes = 0
        self.refused: Counter[str] = Counter()

    def check(self, body: int) -> None:
        """Refuse to read a request's body, or to read on.

        Args:
            body: bytes of it so far.

        Raises:
            BodyTooLargeError: this body is too large.
            OverloadedError: there are too many requests, or all bodies together are too large.

        """
        if self.requests > self._max_requests:
            self.refused["requests"] += 1
            raise OverloadedError("too many requests are in progress")
        if body > self.max_body:
            self.refused["body"] += 1
            raise BodyTooLargeError(f"the body is larger than {self.max_body} bytes")
        if self.bytes > self._max_bytes:
            self.refused["bodies"] += 1
            raise OverloadedError("too many request bodies are in progress")

    @contextmanager
    def holding(self, body: int) -> Iterator[None]:
        """Count a body that has grown, as long as the block runs.

        Args:
            body: bytes that are kept beside those that were received.

        Raises:
            TriremeError: as `check`.

        """
        self.bytes += body
        try:
            self.check(body)
            yield
        finally:
            self.bytes -= body


class IntakeLayer:
    """ASGI layer that keeps an `Intake`'s counts and cancels a request whose client has left.

    Args:
        streamed: beginnings of the paths whose bodies are not kept in memory, and so not counted.

    """

    def __init__(self, app: ASGIApp, intake: Intake, *, streamed: tuple[str, ...]) -> None:
        self._app = app
        self._intake = intake
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        kept = not scope["path"].startswith(self._streamed)
        request = _Request(self._intake, receive, send, kept=kept)
        self._intake.requests += 1
        try:
            await self._app(scope, request.receive, request.send)
        except asyncio.CancelledError:
            if not request.abandoned:
                raise
            log.info("client left")
        finally:
            request.end()
            self._intake.requests -= 1


class _Request:
    """One request's body count, and the watch on its client that begins when the body is complete."""

    def __init__(self, intake: Intake, receive: Receive, send: Send, *, kept: bool) -> None:
        self.abandoned = False
        self._kept = kept
        self._intake = intake
        self._receive = receive
        self._send = send
        self._task = asyncio.current_task()
        self._watch: asyncio.Task[ReceiveMessage] | None = None
        self._body = 0

    async def receive(self) -> ReceiveMessage:
        if self._watch is not None:
            await asyncio.wait((self._watch,))
            if self._watch.cancelled():  # the answer has been sent, which ASGI tells by the same message
                return HTTPDisconnectEvent(type="http.disconnect")
            return self._watch.result()
        self._intake.check(self._body)
        message = await self._receive()
        if message["type"] == "http.request":
            size = len(message["body"]) if self._kept else 0
            self._body += size
            self._intake.bytes += size
            self._intake.check(self._body)
            if not message.get("more_body"):
                self._watch = asyncio.create_task(self._receive())  # type: ignore[arg-type]
                self._watch.add_done_callback(self._leave)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.end()
        await self._send(message)

    def end(self) -> None:
        """Give the body's bytes back and stop watching."""
        self._intake.bytes -= self._body
        self._body = 0
        if self._watch is not None:
            self._watch.remove_done_callback(self._leave)
            self._watch.cancel()

    def _leave(self, watch: asyncio.Task[ReceiveMessage]) -> None:
        """After a complete body the next message can only say that the client is gone."""
        if self._task is not None and not watch.cancelled():
            self.abandoned = True
            self._task.cancel()
