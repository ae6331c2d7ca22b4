"""Two ways to one Triton: one that fails costs no request, and whoever operates the site is told which."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import numpy as np
import pytest
from ports import free_port
from running import gateway
from site_setup import Site
from tiny_model import expected

from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PATH = "/text-vectorisation"


@dataclass
class Named:
    """What an operator has named."""

    url: str
    http_url: str


def named(site: Site, url: str, http_url: str) -> Site:
    return replace(site, triton=Named(url, http_url))  # type: ignore[arg-type]


async def reasons(client: httpx.AsyncClient) -> tuple[int, list[str]]:
    async with asyncio.timeout(
        20
    ):  # by far less than the minute that gRPC would wait for a server that hangs
        answer = await client.get("/health/ready")
    return answer.status_code, answer.json()["reasons"]


async def answers(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json={"text": "w1 w2"})
    np.testing.assert_allclose(answer.json()["vector"], expected("w1 w2", 1), atol=1e-5)


WRONG: list[tuple[Callable[[Site], str], str]] = [
    (lambda _: "127.0.0.1:1", "Connection refused|Connect call failed"),
    (lambda site: site.triton.url, "this is no HTTP"),
    (lambda site: site.triton.metrics_url.split("/")[2], "something else answers there"),
]


@pytest.mark.parametrize(("address", "cause"), WRONG)
async def test_a_wrong_http_address_costs_no_request(
    site: Site, alice: str, address: Callable[[Site], str], cause: str
) -> None:
    other = named(site, site.triton.url, address(site))
    async with gateway(other, GatewaySettings(), alice) as client:
        await answers(client)
        status, (reason,) = await reasons(client)
    assert status == 200
    beginning = f"inference server {site.triton.url} does not answer over HTTP at {address(site)} ("
    assert reason.startswith(beginning)
    assert any(each in reason for each in cause.split("|"))
    assert reason.endswith("small requests go over gRPC meanwhile; see triton.http_urls")


async def test_another_server_is_not_asked_over_http(
    site: Site, alice: str, client: httpx.AsyncClient
) -> None:
    """A gateway listens on Triton's own port by default, and speaks the same protocol."""
    other = named(site, site.triton.url, f"{client.base_url.host}:{client.base_url.port}")
    async with gateway(other, GatewaySettings(), alice) as mistaken:
        await answers(mistaken)
        _, (reason,) = await reasons(mistaken)
    assert "another server answers there, trireme instead of embedded-" in reason


@pytest.mark.parametrize("http", [True, False])
async def test_ports_that_were_mistaken_for_each_other_are_told(site: Site, alice: str, http: bool) -> None:
    grpc_port, http_port = site.triton.url, site.triton.http_url
    other = named(site, http_port, grpc_port if http else "")
    async with gateway(other, GatewaySettings(), alice) as client:
        assert (await client.post(PATH, json={"text": "w1"})).status_code == 503
        told = await reasons(client)
    why = f", {grpc_port} does not: triton.urls and triton.http_urls are swapped"
    assert told == (
        503,
        [f"{http_port} speaks HTTP{why if http else '; triton.urls has to name the gRPC port'}"],
    )


async def test_http_alone_is_not_enough(site: Site, alice: str) -> None:
    other = named(site, "127.0.0.1:1", site.triton.http_url)
    async with gateway(other, GatewaySettings(), alice) as client:
        told = await reasons(client)
    why = f"127.0.0.1:1 does not answer over gRPC, but {site.triton.http_url} over HTTP; see triton.urls"
    assert told == (503, [why])


async def test_http_is_taken_as_soon_as_it_is_there_and_left_when_it_is_gone(site: Site, alice: str) -> None:
    port = free_port()
    other = named(site, site.triton.url, f"127.0.0.1:{port}")
    async with gateway(other, GatewaySettings(), alice) as client:
        await answers(client)
        async with passage(port, site.triton.http_url) as carried:
            async with asyncio.timeout(30):
                while not carried:  # looks, and then requests
                    await answers(client)
            assert await reasons(client) == (200, [])
            async with asyncio.timeout(30):
                while not any(part.startswith(b"POST /v2/models/") for part in carried):
                    await answers(client)
        await answers(client)
        status, (reason,) = await reasons(client)
    assert (status, "does not answer over HTTP" in reason) == (200, True)


@asynccontextmanager
async def passage(port: int, address: str) -> AsyncIterator[list[bytes]]:
    """Carries what comes to a port to an address and back as long as the block runs; what it has carried."""
    carried: list[bytes] = []
    ends: set[asyncio.StreamWriter] = set()

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, kept: list[bytes]) -> None:
        while part := await source.read(1 << 16):
            kept.append(part)
            target.write(part)
        target.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*address.split(":"))
        ends.update((writer, back))
        await asyncio.gather(pump(reader, back, carried), pump(there, writer, []), return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield carried
    finally:
        server.close()
        for end in ends:
            end.close()


async def test_a_server_that_hangs_does_not_hang_the_answer_about_it(site: Site, alice: str) -> None:
    async with gateway(site, GatewaySettings(), alice) as client:
        assert await reasons(client) == (200, [])
        assert site.triton.pid is not None
        os.kill(site.triton.pid, signal.SIGSTOP)
        try:
            told = await reasons(client)
        finally:
            os.kill(site.triton.pid, signal.SIGCONT)
        assert told == (503, [f"inference server {site.triton.url} does not answer"])
        await answers(client)
