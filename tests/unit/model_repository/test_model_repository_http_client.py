"""Connections to a server over HTTP, whatever becomes of them.

The server here is a script of what it reads and writes, because Triton does not misbehave on demand; how
Triton itself is asked is seen in `test_model_repository_http.py`.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import numpy as np
import pytest

from model_repository.errors import InferenceError, ServerUnavailableError, UnfitInputError
from model_repository.http_client import HttpClient, NoTritonError, UnreachableError
from model_repository.tensors import infer_body

INPUTS = {"x": np.arange(3, dtype=np.float32)}
LENGTH, BODY = infer_body(INPUTS, ["x"])
HEAD = (
    BODY[:LENGTH]
    .replace(b'"inputs"', b'"was"')
    .replace(b'"outputs"', b'"wanted"')
    .replace(b'"was"', b'"outputs"')
)
ANSWER = (
    (
        f"HTTP/1.1 200 OK\r\nInference-Header-Content-Length: {len(HEAD)}\r\n"
        f"Content-Length: {len(HEAD) + 12}\r\n\r\n"
    ).encode()
    + HEAD
    + BODY[LENGTH:]
)

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Script:
    """A server that replies to each request in turn as it is told, and counts connections."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self._replies = iter(replies)
        self.connections = 0
        self.left = asyncio.Event()
        self.heads: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not writer.is_closing():
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                await reader.readexactly(len(BODY))
                await next(self._replies)(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left.set()
        finally:
            writer.close()


def saying(*parts: bytes) -> Reply:
    async def reply(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)  # so that the parts travel apart

    return reply


def hanging_up(*parts: bytes) -> Reply:
    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.writelines(parts)
        writer.close()

    return reply


async def silent(_writer: asyncio.StreamWriter) -> None:
    """Never answers."""


def refusing(status: str, text: bytes = b"secret detail") -> Reply:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n"
    return saying(head.encode() + text)


@asynccontextmanager
async def scripted(*replies: Reply, host: str = "127.0.0.1") -> AsyncIterator[tuple[HttpClient, Script]]:
    script = Script(replies)
    server = await asyncio.start_server(script.serve, host.strip("[]"), 0)
    client = HttpClient(f"{host}:{server.sockets[0].getsockname()[1]}")
    try:
        yield client, script
    finally:
        client.close()
        server.close()
        await server.wait_closed()


async def ask(
    client: HttpClient, seconds: float = 30, headers: Sequence[tuple[str, str]] = ()
) -> list[float]:
    answer = await client.infer("global.tiny.1", INPUTS, ["x"], seconds, tuple(headers))
    return list(answer["x"].tolist())


async def test_requests_one_after_the_other_share_a_connection() -> None:
    async with scripted(saying(ANSWER), saying(ANSWER)) as (client, script):
        assert await ask(client) == [0, 1, 2]
        assert await ask(client, headers=[("traceparent", "00-1-2-01")]) == [0, 1, 2]
    assert script.connections == 1
    assert all(head.startswith(b"POST /v2/models/global.tiny.1/infer HTTP/1.1\r\n") for head in script.heads)
    assert [b"\r\ntraceparent: 00-1-2-01\r\n" in head for head in script.heads] == [False, True]


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
async def test_addresses_of_ipv6_stand_in_brackets() -> None:
    async with scripted(saying(ANSWER), host="[::1]") as (client, script):
        assert await ask(client) == [0, 1, 2]
    assert b"\r\nhost: [::1]:" in script.heads[0]


async def test_requests_at_a_time_have_connections_of_their_own() -> None:
    async with scripted(*[saying(ANSWER)] * 4) as (client, script):
        assert await asyncio.gather(*(ask(client) for _ in range(4))) == [[0, 1, 2]] * 4
    assert script.connections == 4


async def test_an_answer_may_come_in_any_parts() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nInference-Header-Content-Length: %d\r\n\r\n"
    chunks = b"%x\r\n%s\r\nc\r\n%s\r\n0\r\n\r\n" % (len(HEAD), HEAD, BODY[LENGTH:])
    parts = [ANSWER[at : at + 50] for at in range(0, len(ANSWER), 50)]
    async with scripted(saying(*parts), saying(chunked % len(HEAD), chunks)) as (client, _):
        assert await ask(client) == [0, 1, 2]
        assert await ask(client) == [0, 1, 2]


async def test_a_connection_that_has_ended_meanwhile_is_not_missed() -> None:
    async with scripted(hanging_up(ANSWER), hanging_up(), saying(ANSWER)) as (client, script):
        assert await ask(client) == [0, 1, 2]
        with pytest.raises(ServerUnavailableError):  # nothing but a new connection was there to be tried
            await ask(client)
        assert await ask(client) == [0, 1, 2]
    assert script.connections == 3


async def test_a_kept_connection_that_ends_under_a_request_is_replaced() -> None:
    async with scripted(saying(ANSWER), hanging_up(), saying(ANSWER)) as (client, script):
        assert await ask(client) == [0, 1, 2]
        assert await ask(client) == [0, 1, 2]
    assert script.connections == 2


async def test_an_answer_that_breaks_off_is_not_asked_for_again() -> None:
    async with scripted(saying(ANSWER), hanging_up(ANSWER[:-4])) as (client, script):
        assert await ask(client) == [0, 1, 2]
        with pytest.raises(ServerUnavailableError, match="not available"):
            await ask(client)
    assert len(script.heads) == 2


@pytest.mark.parametrize("said", [b"SMTP ready\r\n\r\n", ANSWER.replace(b"Length: ", b"Length: x", 1)])
async def test_what_is_no_http_ends_the_connection(said: bytes) -> None:
    async with scripted(saying(said), saying(ANSWER)) as (client, script):
        with pytest.raises(UnreachableError):
            await ask(client)
        assert await ask(client) == [0, 1, 2]
    assert script.connections == 2


async def test_connections_that_the_server_will_end_are_not_kept() -> None:
    closing = ANSWER.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    async with scripted(saying(closing), saying(ANSWER)) as (client, script):
        assert await ask(client) == [0, 1, 2]
        assert await ask(client) == [0, 1, 2]
    assert script.connections == 2


async def test_connections_that_were_silent_for_long_are_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(saying(ANSWER), saying(ANSWER)) as (client, script):
        assert await ask(client) == [0, 1, 2]
        monkeypatch.setattr("model_repository.http_client.IDLE_SECONDS", -1.0)
        assert await ask(client) == [0, 1, 2]
    assert script.connections == 2


async def test_a_server_that_is_silent_is_given_up() -> None:
    async with scripted(silent, saying(ANSWER)) as (client, script):
        with pytest.raises(ServerUnavailableError, match="in time"):
            await ask(client, seconds=0.05)
        async with asyncio.timeout(5):
            await script.left.wait()
        assert await ask(client) == [0, 1, 2]


async def test_who_leaves_takes_the_request_back() -> None:
    async with scripted(silent) as (client, script):
        request = asyncio.create_task(ask(client))
        while not script.heads:  # noqa: ASYNC110 - what the other side has read
            await asyncio.sleep(0.001)
        request.cancel()
        async with asyncio.timeout(5):
            await script.left.wait()
        with pytest.raises(asyncio.CancelledError):
            await request


async def test_nobody_there() -> None:
    async with scripted() as (client, _):
        pass
    with pytest.raises(UnreachableError, match="not available"):
        await ask(client)
    with pytest.raises(NoTritonError, match="Connect call failed"):
        await client.name(30)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b'{"name": "a", "version": "2", "extensions": ["binary_tensor_data"]}', ""),
        (b'{"name": "b", "version": "2", "extensions": ["trace"]}', "b does not speak binary_tensor_data"),
        (b'{"name": "c"}', "something else answers"),
        (b"<html>", "something else answers"),
    ],
)
async def test_the_server_is_asked_what_it_is(said: bytes, why: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /v2 HTTP/1.1\r\nhost: ")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said) + said)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        client = HttpClient(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        if why:
            with pytest.raises(NoTritonError, match=why):
                await client.name(30)
        else:
            assert await client.name(30) == "a"
        client.close()


async def test_a_silent_server_is_no_triton() -> None:
    async with scripted(silent) as (client, _):
        with pytest.raises(NoTritonError, match="no answer in time"):
            await client.name(0.05)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("400 Bad Request", UnfitInputError),
        ("404 Not Found", ServerUnavailableError),
        ("500 Internal Server Error", InferenceError),
        ("501 Not Implemented", InferenceError),
        ("503 Service Unavailable", ServerUnavailableError),
    ],
)
async def test_failures_are_told_in_words_of_our_own(status: str, kind: type[Exception]) -> None:
    async with scripted(refusing(status), saying(ANSWER)) as (client, script):
        with pytest.raises(kind) as caught:
            await ask(client)
        assert type(caught.value) is kind
        assert "secret" not in str(caught.value)
        assert "secret detail" in str(caught.value.__cause__)
        assert await ask(client) == [0, 1, 2]
    assert script.connections == 1
