"""uvicorn's HTTP protocol, changed to send the head and body of an answer in one packet."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HELD_BYTES = 65_536
"""More is sent at once, so that uvloop can tell a stream to wait for its client."""


class Protocol(HttpToolsProtocol):
    """uvicorn's own, over a transport that joins what it writes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve a client."""
        joining = JoiningTransport(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(cast("asyncio.Transport", joining))

    def on_response_complete(self) -> None:
        """Send an answer as soon as it is whole: what is left to do, such as its log line, can wait."""
        cast("JoiningTransport", self.transport).send_held()
        super().on_response_complete()


class JoiningTransport:
    """Sends together what is written in one turn of the event loop, such as an event and the next one.

    A packet by itself costs more than making a small answer.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._call_soon = loop.call_soon
        self._held: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        """All else is up to the transport itself."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send at the end of this turn, or at once when it has become much."""
        if not self._held:
            self._call_soon(self.send_held)
        self._held.append(data)
        self._size += len(data)
        if self._size > HELD_BYTES:
            self.send_held()

    def close(self) -> None:
        """Close when everything has been sent."""
        self.send_held()
        self._transport.close()

    def send_held(self) -> None:
        """Send what has been written so far."""
        held, self._held, self._size = self._held, [], 0
        if held and not self._transport.is_closing():
            self._transport.writelines(held)
