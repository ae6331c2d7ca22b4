"""Documents by address: what comes, and what callers must not reach through the gateway."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address

import pytest

from gateway.serving.documents import fetching
from gateway.serving.documents.addresses import is_public
from gateway.serving.documents.documents import Documents, RemoteDocument
from gateway.serving.documents.errors import DocumentRefusedError, DocumentTooLargeError
from gateway.serving.documents.fetching import Fetcher
from gateway.serving.documents.settings import DocumentSettings
from gateway.serving.images import ImageDecoder

pytestmark = pytest.mark.integration

SETTINGS = DocumentSettings(max_bytes=10_000, fetch_seconds=20, hosts=("localhost",))
"""Under its name the test's own server may be asked, and under its address it may not."""

Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def host(answer: Answer) -> AsyncIterator[tuple[int, list[str]]]:
    """Port of a server on this machine, and the heads of the requests that it got."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head)
        try:
            await answer(head, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


def saying(status: str, body: bytes = b"", *headers: str) -> Answer:
    async def answer(_head: str, writer: asyncio.StreamWriter) -> None:
        lines = (f"HTTP/1.1 {status}", "Connection: close", *headers, "", "")
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()

    return answer


async def refusal(url: str, settings: DocumentSettings = SETTINGS) -> str:
    with pytest.raises(DocumentRefusedError) as caught:
        await Fetcher(settings).fetch(url)
    return caught.value.message.removeprefix("The document cannot be fetched: ")


async def test_a_document_is_fetched_once_for_all_who_read_it() -> None:
    images = ImageDecoder(threads=1, queue=1, max_bytes=10_000, max_pixels=10_000)
    async with host(saying("200 OK", b"whole")) as (port, asked):
        document = RemoteDocument(Documents(SETTINGS, images), f"http://localhost:{port}/")
        assert [await document.content() for _ in range(2)] == [b"whole", b"whole"]
    assert len(asked) == 1
    images.close()


async def test_a_document_comes_by_redirects() -> None:
    async with (
        host(saying("200 OK", b"whole")) as (port, asked),
        host(saying("302 Found", b"", f"Location: http://localhost:{port}/there?a=b")) as (first, _),
    ):
        assert await Fetcher(SETTINGS).fetch(f"http://LOCALHOST:{first}/here") == b"whole"
    assert asked[0].startswith("GET /there?a=b HTTP/1.1")
    assert f"host: localhost:{port}" in asked[0].lower()


@pytest.mark.parametrize(
    "name",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "10.0.0.1",
        "100.64.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "no-such-host.invalid",
    ],
)
async def test_no_way_leads_inside(name: str) -> None:
    async with host(saying("200 OK", b"secret")) as (port, asked):
        assert await refusal(f"http://{name}:{port}/") == "its host is not known, or not public."
    assert asked == []


@pytest.mark.parametrize("url", ["http://xn--/", "http://xn--a/", "http://a\0b/", "http://\uff45.invalid/"])
async def test_what_is_no_address_is_refused(url: str) -> None:
    assert await refusal(url) == "its address is none."
    async with host(saying("302 Found", b"", "Location: http://xn--/")) as (port, _):
        assert await refusal(f"http://localhost:{port}/") == "its address is none."


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


async def test_no_redirect_leads_inside() -> None:
    async with host(saying("200 OK", b"secret")) as (inside, asked):
        for location in (f"http://127.0.0.1:{inside}/", f"//127.0.0.1:{inside}/"):
            async with host(saying("307 Temporary Redirect", b"", f"Location: {location}")) as (port, _):
                cause = await refusal(f"http://localhost:{port}/")
            assert cause == "its host is not known, or not public."
    assert asked == []


async def test_a_name_is_asked_for_once_and_all_its_addresses_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a resolver says in a second answer is of no use to anybody."""
    names: list[str] = []
    places = [ip_address("127.0.0.1")]

    async def addresses_of(name: str, _port: int) -> list[object]:
        names.append(name)
        return list(places)

    monkeypatch.setattr(fetching, "addresses_of", addresses_of)
    allowed = replace(SETTINGS, hosts=("twofaced.test",))
    async with host(saying("200 OK", b"whole")) as (port, asked):
        assert await Fetcher(allowed).fetch(f"http://twofaced.test:{port}/") == b"whole"
        assert f"host: twofaced.test:{port}" in asked[0].lower()
        assert names == ["twofaced.test"]
        places.insert(0, ip_address("93.184.215.14"))
        assert "not public" in await refusal(f"http://twofaced.test:{port}/")


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("file:///etc/passwd", "its address must be http://HOST/… or https://HOST/…."),
        ("ftp://localhost/x", "its address must be http://HOST/… or https://HOST/…."),
        ("http://user:password@localhost/x", "its address must be http://HOST/… or https://HOST/…."),
        ("somewhere", "its address must be http://HOST/… or https://HOST/…."),
        ("http://localhost:99999/", "its address must be http://HOST/… or https://HOST/…."),
        ("http://local\x00host/", "its address is none."),
        ("http://localhost:1/", "its host does not answer, or not with HTTP."),
    ],
)
async def test_what_is_no_address(url: str, cause: str) -> None:
    assert await refusal(url) == cause


async def test_hosts_that_go_on_and_on() -> None:
    async def drip(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def flood(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 4096)
            await writer.drain()

    async with host(drip) as (port, _):
        quick = replace(SETTINGS, fetch_seconds=0.5)
        assert await refusal(f"http://localhost:{port}/", quick) == "it did not arrive within 0.5 seconds."
    async with host(flood) as (port, _):
        with pytest.raises(DocumentTooLargeError, match="max: 10000 bytes"):
            await Fetcher(SETTINGS).fetch(f"http://localhost:{port}/")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (saying("404 Not Found", b"x"), "its host answered with the status 404."),
        (saying("302 Found", b"", "Location: /again"), "its host redirects too often."),
        (saying("200 OK", b"x", "Content-Encoding: gzip"), "its host compresses it, unasked."),
        (saying("nonsense"), "its host does not answer, or not with HTTP."),
    ],
)
async def test_answers_that_are_no_document(answer: Answer, cause: str) -> None:
    async with host(answer) as (port, _):
        assert await refusal(f"http://localhost:{port}/") == cause


async def test_sites_that_fetch_nothing() -> None:
    closed = Fetcher(replace(SETTINGS, fetch=False))
    with pytest.raises(DocumentRefusedError, match="not fetched here") as caught:
        await closed.fetch("http://localhost/")
    assert "data URL" in caught.value.hint
