"""Bodies that travel compressed, either way."""

import asyncio
import zlib

from litestar.datastructures import Headers
from litestar.types import (
    ASGIApp,
    HTTPRequestEvent,
    HTTPResponseStartEvent,
    Message,
    Receive,
    ReceiveMessage,
    Scope,
    Send,
)

from gateway.bearer import Layer
from gateway.body import BadRequestError, BodyTooLargeError
from gateway.intake import Intake
from model_repository.errors import TriremeError

WINDOW_BITS = {"gzip": 31, "deflate": 15}
"""What zlib calls these formats; HTTP's deflate is zlib's own."""

LEAST = 1024
"""Bytes of an answer that are worth it."""

FAST = 1


class UnknownEncodingError(TriremeError):
    """The body is compressed in a way that is not known here."""

    status = 415
    code = "unknown_encoding"


def compression_layer(intake: Intake) -> Layer:
    """ASGI layer that unpacks what was sent to a POST, and packs its answer where the client takes that.

    Args:
        intake: bounds bodies when they are unpacked, too.

    """

    def wrap(app: ASGIApp) -> ASGIApp:
        async def compressed(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("method") != "POST":
                await app(scope, receive, send)
                return
            headers = Headers.from_scope(scope)
            if wanted := _wanted(headers.get("accept-encoding", "")):
                send = _Packing(send, wanted).send
            encoding = headers.get("content-encoding", "identity").lower()
            if encoding == "identity":
                await app(scope, receive, send)
                return
            if encoding not in WINDOW_BITS:
                raise UnknownEncodingError(f"`Content-Encoding` must be {' or '.join(WINDOW_BITS)}")
            body = await asyncio.to_thread(unpack, await _whole(receive), encoding, intake.max_body)
            with intake.holding(len(body)):
                await app(scope, _Unpacked(body, receive).receive, send)

        return compressed

    return wrap


def unpack(body: bytes, encoding: str, most: int) -> bytes:
    """A body as it was before it was compressed.

    Raises:
        BadRequestError: it is damaged.
        BodyTooLargeError: it is larger than `most`.

    """
    unpacking = zlib.decompressobj(WINDOW_BITS[encoding])
    try:
        unpacked = unpacking.decompress(body, most + 1)
    except zlib.error as error:
        raise BadRequestError(f"the body is not valid {encoding}: {error}") from None
    if len(unpacked) > most:
        raise BodyTooLargeError(f"the body is larger than {most} bytes")
    if not unpacking.eof or unpacking.unused_data:
        raise BadRequestError(f"the body is not valid {encoding}: it does not end where it should")
    return unpacked


def _pack(body: bytes, encoding: str) -> bytes:
    packing = zlib.compressobj(FAST, wbits=WINDOW_BITS[encoding])
    return packing.compress(body) + packing.flush()


def _wanted(accepted: str) -> str | None:
    """The first known format that a client takes."""
    named = (choice.partition(";") for choice in accepted.lower().split(","))
    taken = [name.strip() for name, _, weight in named if weight.replace(" ", "") not in ("q=0", "q=0.0")]
    return next((name for name in taken if name in WINDOW_BITS), None)


async def _whole(receive: Receive) -> bytes:
    body = bytearray()
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message.get("more_body"):
            break
    return bytes(body)


class _Unpacked:
    """A body in one piece, and then whatever else the client has to say."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._message: ReceiveMessage | None = HTTPRequestEvent(
            type="http.request", body=body, more_body=False
        )
        self._receive = receive

    async def receive(self) -> ReceiveMessage:
        message, self._message = self._message, None
        return await self._receive() if message is None else message


class _Packing:
    """Sends an answer that comes in one piece."""

    def __init__(self, send: Send, encoding: str) -> None:
        self._send = send
        self._encoding = encoding
        self._start: HTTPResponseStartEvent | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] == "http.response.body" and self._start is not None:
            start, self._start = self._start, None
            if len(message["body"]) >= LEAST and not message.get("more_body"):
                message["body"] = await asyncio.to_thread(_pack, message["body"], self._encoding)
                kept = [header for header in start["headers"] if header[0] != b"content-length"]
                start["headers"] = [
                    *kept,
                    (b"content-length", b"%d" % len(message["body"])),
                    (b"content-encoding", self._encoding.encode()),
                    (b"vary", b"accept-encoding"),
                ]
            await self._send(start)
        await self._send(message)
