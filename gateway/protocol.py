"""uvicorn's HTTP protocol, changed to send the head and body of an answer in one packet."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HELD_BYTES = 65_536
"""More is sent at once, so that uvloop can tell a stream to wait for its client."""

HEAD_BYTES = 65_536
"""Most of a request's line and headers, and of what follows its last chunk: all of that is kept in memory."""

TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 36\r\n\r\n"
    b"The head of the request is too long."
)


class Protocol(HttpToolsProtocol):
    """uvicorn's own, over a transport that joins what it writes, and with a bound of what it keeps."""

    _kept = 0
    """Bytes that came since a head or a message was complete, or a piece of a body was passed on."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve a client."""
        joining = JoiningTransport(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(cast("asyncio.Transport", joining))

    def data_received(self, data: bytes) -> None:
        """Read on, unless the client sends a head without end."""
        self._kept += len(data)
        super().data_received(data)
        if self._kept > HEAD_BYTES and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Pass a request on."""
        self._kept = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass a piece of its body on."""
        self._kept = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Say that it is whole."""
        self._kept = 0
        super().on_message_complete()

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
