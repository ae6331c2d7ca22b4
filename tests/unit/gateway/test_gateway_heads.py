"""What a client may make the gateway keep before anybody looks at it: heads and trailers of requests."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sockets import on_a_socket

from gateway.protocol import HEAD_BYTES

PIECE = 16_384
START = b"POST / HTTP/1.1\r\nhost: x\r\n"
CHUNKED = START + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"


async def counting(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the bytes of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message.get("more_body", False)
    headers = [(b"content-length", b"%d" % len(str(size)))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(size).encode()})


@asynccontextmanager
async def connection() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with on_a_socket(counting) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        try:
            yield reader, writer
        finally:
            writer.close()


async def sent(writer: asyncio.StreamWriter, pieces: Iterable[bytes]) -> int:
    """How many pieces went out before the other side hung up."""
    count = 0
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            count += 1
            await asyncio.sleep(0)
    except ConnectionError:
        pass
    return count


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"GET /", b"a" * PIECE),
        (START, b"x-many: " + b"a" * PIECE + b"\r\n"),
        (START + b"x-endless: ", b"a" * PIECE),
        (CHUNKED, b"x-many: " + b"a" * PIECE + b"\r\n"),
        (CHUNKED + b"x-endless: ", b"a" * PIECE),
    ],
    ids=["line", "headers", "header", "trailers", "trailer"],
)
async def test_a_head_without_end_is_hung_up_on(start: bytes, piece: bytes) -> None:
    pieces = 4096
    async with connection() as (_, writer):
        assert await sent(writer, [start, *[piece] * pieces]) < pieces


async def test_a_head_that_is_too_long_is_told_so() -> None:
    async with connection() as (reader, writer):
        await sent(writer, [START, b"x-long: ", *[b"a" * PIECE] * (HEAD_BYTES // PIECE)])
        head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 431 ")
        assert f"content-length: {len(body)}".encode() in head


async def test_long_heads_and_large_bodies_pass_one_after_the_other() -> None:
    long = START + b"x-long: " + b"a" * (HEAD_BYTES - 1000) + b"\r\n"
    body = b"b" * (20 * HEAD_BYTES)
    request = long + b"content-length: %d\r\n\r\n" % len(body) + body
    whole = (request + CHUNKED + b"\r\n") * 3
    async with connection() as (reader, writer):
        await sent(writer, (whole[at : at + PIECE] for at in range(0, len(whole), PIECE)))
        for size in (len(body), 3) * 3:
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(len(str(size))) == str(size).encode()
