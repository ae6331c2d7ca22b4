"""`/upload-url` and the addresses that it gives out, over real sockets."""

import asyncio
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import published
import pytest
import pytest_asyncio
from running import gateway, printed, start
from site_setup import Site
from upload_zips import CONFIG, custom_zip, put, upload_url

from control_plane.settings import UploadSettings
from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

MEBIBYTE = 1 << 20


@pytest_asyncio.fixture(loop_scope="session")
async def erin(site: Site, request: pytest.FixtureRequest) -> str:
    """Key of a new account."""
    return await site.key(re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:90])


@pytest_asyncio.fixture(loop_scope="session")
async def author(site: Site, erin: str) -> AsyncIterator[httpx.AsyncClient]:
    """Client of that account on a gateway that knows its key already."""
    async with gateway(site, GatewaySettings(), erin) as client:
        yield client


def left(site: Site) -> list[str]:
    return [path.name for path in site.uploads.root.glob("*.part")]


async def test_a_zip_becomes_a_model_that_is_building(site: Site, author: httpx.AsyncClient) -> None:
    body = custom_zip(top="folder/")
    url = await upload_url(author)
    assert re.fullmatch(rf"{author.base_url}/?uploads/[0-9a-f]{{32}}\?token=[\w-]{{43}}", url)
    assert (await author.get("/models/mine")).status_code == 404, "visible when it has arrived, not before"
    assert (await put(author, url, body)).status_code == 200
    model = (await author.get("/models/mine")).json()
    assert (model["build_status"], model["description"]) == ("building", CONFIG["description"])
    assert model["last_deployment"] is None
    names = {"config_url": "config.json", "requirements_url": "requirements.txt", "model_url": "model.bin"}
    folders = {model[key].removesuffix(f"/{name}") for key, name in names.items()}
    assert len(folders) == 1
    assert (await author.get(model["config_url"])).json() == CONFIG
    assert (await author.get(model["model_url"])).content == b"dill"
    again = await put(author, url, body)
    assert (again.status_code, again.json()["message"].partition(":")[0]) == (
        403,
        "this upload URL is not valid, or no longer",
    )
    assert (await author.delete("/models/mine")).status_code == 200
    assert (await author.get(model["model_url"])).status_code == 404


async def test_files_are_their_owners_alone(site: Site, erin: str) -> None:
    other = await site.key("mallory")
    async with gateway(site, GatewaySettings(), erin) as client:
        await put(client, await upload_url(client), custom_zip())
        url = (await client.get("/models/mine")).json()["model_url"]
        assert (await client.get(url)).status_code == 200
        assert (await client.get(url, headers={"x-api-key": other})).status_code == 404
        assert (await client.get(url, headers={"x-api-key": ""})).status_code == 403
        for wrong in ("nothing.txt", "..%2Fmodel.bin", "%00"):
            assert (await client.get(url.replace("model.bin", wrong))).status_code == 404


async def test_altered_and_expired_addresses(site: Site, erin: str) -> None:
    async with gateway(site, GatewaySettings(), erin, UploadSettings(url_seconds=0)) as client:
        assert (await put(client, await upload_url(client), custom_zip())).status_code == 403
    async with gateway(site, GatewaySettings(), erin) as client:
        url = await upload_url(client)
        parts = urlsplit(url)
        altered = [
            url[:-1],
            url + "x",
            url.partition("?")[0],
            url.replace(parts.path, parts.path[:-1] + "~"),
            url.replace(parts.path, f"/uploads/{'f' * 32}"),
        ]
        for each in altered:
            assert (await put(client, each, custom_zip())).status_code == 403, each
        assert (await put(client, url, custom_zip())).status_code == 200


async def test_exactly_the_limit_is_taken_and_one_byte_more_is_not(site: Site, erin: str) -> None:
    body = custom_zip()
    async with gateway(site, GatewaySettings(), erin, UploadSettings(max_bytes=len(body))) as client:
        url = await upload_url(client)
        announced = await put(client, url, b"x" + body)
        assert (announced.status_code, announced.json()["message"]) == (
            413,
            f"the zip is larger than {len(body)} bytes",
        )
        assert (await put(client, url, pieces(b"x", body))).status_code == 413
        assert left(site) == []
        assert (await put(client, url, pieces(body))).status_code == 200


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    """A body without an announced length."""
    for part in parts:
        yield part


async def test_the_limit_is_five_gigabytes_unless_set(author: httpx.AsyncClient) -> None:
    reader, writer = await send_head(await upload_url(author), 5_000_000_001)
    assert (await reader.readline()).split()[1] == b"413"
    writer.close()


@pytest.mark.parametrize("body", [b"", b"no zip", b"PK\x03\x04" + bytes(500), b"\x1f\x8b\x08" + bytes(99)])
async def test_what_is_no_zip(site: Site, author: httpx.AsyncClient, body: bytes) -> None:
    url = await upload_url(author)
    refused = await put(author, url, body)
    assert (refused.status_code, refused.json()["message"].partition(":")[0]) == (400, "the body is no zip")
    assert left(site) == []
    assert (await author.get("/models")).json() == []
    assert (await put(author, url, custom_zip())).status_code == 200


async def test_an_empty_zip_is_for_its_build_to_refuse(author: httpx.AsyncClient) -> None:
    empty = b"PK\x05\x06" + bytes(18)
    assert (await put(author, await upload_url(author, "empty"), empty)).status_code == 200


async def test_a_client_that_leaves_leaves_nothing_behind(site: Site, author: httpx.AsyncClient) -> None:
    url = await upload_url(author)
    _, writer = await send_head(url, 10 * MEBIBYTE)
    writer.write(bytes(2 * MEBIBYTE))
    await writer.drain()
    async with asyncio.timeout(10):
        while not left(site):  # noqa: ASYNC110 - the gateway's file
            await asyncio.sleep(0.01)
        parallel = await put(author, url, custom_zip())
        assert (parallel.status_code, parallel.json()["message"].partition(":")[0]) == (
            409,
            "somebody is sending to this URL",
        )
        writer.transport.abort()
        while left(site):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while (await put(author, url, custom_zip())).status_code == 409:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert [model["name"] for model in (await author.get("/models")).json()] == ["mine"]


async def send_head(url: str, length: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = (
        f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-length: {length}\r\n\r\n"
    )
    writer.write(head.encode())
    return reader, writer


async def test_uploads_at_once_have_a_bound(site: Site, erin: str) -> None:
    async with gateway(site, GatewaySettings(max_uploads=0), erin) as client:
        refused = await put(client, await upload_url(client), custom_zip())
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")


async def test_the_public_address_is_what_the_operator_says(site: Site, erin: str) -> None:
    async with gateway(site, GatewaySettings(public_url="https://models.example/"), erin) as client:
        assert (await upload_url(client)).startswith("https://models.example/uploads/")


@pytest.mark.parametrize(
    "name",
    [None, 7, "", "ab", "a" * 101, "Upper", "a b", "a.b", "a/b", "\u00e9tude", "new\n", ["abc"]],
)
async def test_names_that_may_not_be(author: httpx.AsyncClient, name: object) -> None:
    answer = await author.post("/upload-url", json={"model_name": name})
    assert answer.status_code == 400
    assert answer.json()["message"]


@pytest.mark.parametrize("name", ["abc", "a" * 100, "-_-", "0-9_a"])
async def test_names_that_may_be(author: httpx.AsyncClient, name: str) -> None:
    assert (await put(author, await upload_url(author, name), custom_zip())).status_code == 200
    assert [model["id"] for model in (await author.get("/models")).json()] == [f"model_{name}"]


@pytest.mark.parametrize("name", ["tiny", "english", "clip", "gpt2-large"])
@pytest.mark.usefixtures("alice")
async def test_built_in_names_are_refused(author: httpx.AsyncClient, name: str) -> None:
    answer = await author.post("/upload-url", json={"model_name": name})
    assert (answer.status_code, "built-in" in answer.json()["message"]) == (400, True)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"{"])
async def test_bodies_that_are_no_request(author: httpx.AsyncClient, body: bytes) -> None:
    answer = await author.post("/upload-url", content=body)
    assert (answer.status_code, bool(answer.json()["message"])) == (400, True)


async def test_the_published_client_uploads(author: httpx.AsyncClient, package: Path, tmp_path: Path) -> None:
    said = await published.upload(author, package, "my-echo", tmp_path)
    assert said.startswith("Successfully uploaded the model")
    model = (await author.get("/models/my-echo")).json()
    assert (model["build_status"], model["description"]) == ("building", "says what it is given")
    requirements = (await author.get(model["requirements_url"])).text
    assert requirements.splitlines()[0] == "backprop==1.0"
    refused = await published.upload(author, package, "English", tmp_path)
    assert refused.startswith(
        "Exception: Failed to get upload url: `model_name` must be a string of 3 to 100"
    )


async def test_a_large_upload_stays_out_of_memory(site: Site, erin: str, tmp_path: Path) -> None:
    process = await start(site, tmp_path / "uploads")
    assert process.stdout is not None
    try:
        url = await anext(printed(process.stdout))
        async with httpx.AsyncClient(base_url=url, headers={"x-api-key": erin}, timeout=120) as client:
            await put(client, await upload_url(client, "small"), custom_zip())  # what an upload imports
            server = psutil.Process(process.pid)
            before = server.memory_info().rss
            peak = 0

            async def gigabyte() -> AsyncIterator[bytes]:
                nonlocal peak
                for _ in range(1024):
                    yield bytes(MEBIBYTE)
                    peak = max(peak, server.memory_info().rss)
                yield custom_zip()  # zips are read from their end, so this makes the whole one

            assert (await put(client, await upload_url(client), gigabyte())).status_code == 200
        assert (peak - before) / MEBIBYTE < 100
        assert max(path.stat().st_size for path in (tmp_path / "uploads").iterdir()) > 1024 * MEBIBYTE
    finally:
        process.send_signal(signal.SIGTERM)
        await process.communicate()


async def test_a_full_disk_is_told(site: Site, erin: str, tmp_path: Path) -> None:
    disk = tmp_path / "uploads"
    disk.mkdir()
    mounted = ["unshare", "--map-root-user", "--mount", "sh", "-ec"]
    mount = 'mount -t tmpfs -o size=100k none "$0"'
    if subprocess.run([*mounted, mount, disk], capture_output=True, check=False).returncode:  # noqa: ASYNC221
        pytest.skip("this machine lets nobody mount a small disk")
    process = await start(site, disk, *mounted, f'{mount}; exec "$@"', str(disk))
    assert process.stdout is not None
    try:
        url = await anext(printed(process.stdout))
        async with httpx.AsyncClient(base_url=url, headers={"x-api-key": erin}) as client:
            upload = await upload_url(client)
            for body in (bytes(MEBIBYTE), pieces(bytes(MEBIBYTE))):
                full = await put(client, upload, body)
                assert (full.status_code, full.json()["message"].partition(":")[0]) == (
                    507,
                    "there is no room for the upload",
                )
            assert (await put(client, upload, custom_zip())).status_code == 200, "what was written is gone"
    finally:
        process.send_signal(signal.SIGTERM)
        await process.communicate()
