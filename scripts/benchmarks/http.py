"""A lean HTTP/1.1 client over kept connections: the load must cost less than what it measures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[bytes, bytes]
    body: bytes


class Connection:
    """One kept connection; one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def post(self, request: bytes) -> Response:
        """Send a request made by `prepare` and read its answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status_line, *lines = head[:-4].split(b"\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}
        body = await self._reader.readexactly(int(headers[b"content-length"]))
        return Response(int(status_line.split(b" ", 2)[1]), headers, body)


@asynccontextmanager
async def connections(host: str, port: int, count: int) -> AsyncIterator[list[Connection]]:
    pairs = [await asyncio.open_connection(host, port) for _ in range(count)]
    try:
        yield [Connection(*pair) for pair in pairs]
    finally:
        for _, writer in pairs:
            writer.close()
            await writer.wait_closed()


def prepare(path: str, key: str, body: bytes) -> bytes:
    """A whole request as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: bench\r\nx-api-key: {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
