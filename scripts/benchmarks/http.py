"""A lean HTTP/1.1 client over kept connections: the load must cost less than what it measures."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[bytes, bytes]
    body: bytes


class Connection:
    """One kept connection; one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(*self._address)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def post(self, request: bytes) -> Response:
        """Send a request made by `prepare` and read its answer."""
        status, headers = await self._ask(request)
        body = await self._reader.readexactly(int(headers[b"content-length"]))
        return Response(status, headers, body)

    async def stream(self, request: bytes) -> AsyncIterator[bytes]:
        """Send a request made by `prepare`; chunks of its answer as they come."""
        status, headers = await self._ask(request)
        if status != 200 or b"transfer-encoding" not in headers:
            raise RuntimeError(f"{status} instead of a stream")
        while size := int(await self._reader.readline(), 16):
            yield (await self._reader.readexactly(size + 2))[:size]
        await self._reader.readline()

    async def _ask(self, request: bytes) -> tuple[int, dict[bytes, bytes]]:
        """Status and headers of the answer."""
        if self._reader.at_eof():  # servers close what is idle
            await self.close()
            await self.open()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status_line, *lines = head[:-4].split(b"\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}
        return int(status_line.split(b" ", 2)[1]), headers


@asynccontextmanager
async def connections(host: str, port: int, count: int) -> AsyncIterator[list[Connection]]:
    opened = [Connection(host, port) for _ in range(count)]
    for each in opened:
        await each.open()
    try:
        yield opened
    finally:
        for each in opened:
            await each.close()


def caller(connection: Connection, ready: Sequence[bytes]) -> Callable[[int], Awaitable[None]]:
    """What posts the requests made by `prepare` one after the other, over and over, by their numbers."""

    async def call(number: int) -> None:
        response = await connection.post(ready[number % len(ready)])
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {response.body[:200]!r}")

    return call


def prepare(path: str, key: str, body: bytes) -> bytes:
    """A whole request as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: bench\r\nx-api-key: {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
