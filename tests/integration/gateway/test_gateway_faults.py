"""Triton killed under load, clients that leave, and a gateway that is told to stop."""

import asyncio
import os
import signal
from contextlib import suppress

import httpx
import numpy as np
import pytest
from running import gateway, printed, start
from site_setup import Site
from tiny_model import expected

from gateway.serving.triton import TritonPool
from gateway.settings import GatewaySettings
from model_repository.client import EntryState, TritonClient

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PATH = "/text-vectorisation"


async def test_triton_killed_under_load(site: Site, client: httpx.AsyncClient) -> None:
    answers: list[httpx.Response] = []
    finished = asyncio.Event()

    async def load() -> None:
        while not finished.is_set():
            answers.append(await client.post(PATH, json={"text": "w1 w2"}))
            if answers[-1].status_code == 503:
                await asyncio.sleep(0.02)

    async with asyncio.timeout(60):
        callers = [asyncio.create_task(load()) for _ in range(8)]
        await seen(answers, 200)
        killed, lost = site.triton.pid, await in_service(site)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await seen(answers, 503)
        while site.triton.pid in (None, killed):  # noqa: ASYNC110 - the state of a process
            await asyncio.sleep(0.02)
        await reload(site, lost)
        answers.append(await recovered(client))
        finished.set()
        await asyncio.gather(*callers)
    assert {answer.status_code for answer in answers} == {200, 503}
    for answer in answers:
        if answer.status_code == 503:
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["message"]
    np.testing.assert_allclose(answers[-1].json()["vector"], expected("w1 w2", 1), atol=1e-5)


async def seen(answers: list[httpx.Response], status: int) -> None:
    while status not in {answer.status_code for answer in answers}:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def in_service(site: Site) -> list[str]:
    """Entries that Triton has loaded, those of other files' tests included."""
    triton = TritonClient(site.triton.url)
    try:
        return [entry for entry, state in (await triton.index()).items() if state is EntryState.READY]
    finally:
        await triton.close()


async def reload(site: Site, entries: list[str]) -> None:
    """What the control plane's reconciler does after a restart."""
    for entry in entries:
        while True:
            try:
                await site.load(entry)
                break
            except Exception:  # noqa: BLE001 - the server is still starting
                await asyncio.sleep(0.1)


async def recovered(client: httpx.AsyncClient) -> httpx.Response:
    while (answer := await client.post(PATH, json={"text": "w1 w2"})).status_code != 200:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return answer


async def test_no_triton_at_all(site: Site, alice: str) -> None:
    nobody = Site(site.folder, site.database, site.storage, Unreachable())  # type: ignore[arg-type]
    async with gateway(nobody, GatewaySettings(), alice) as client:
        answer = await client.post(PATH, json={"text": "w1"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        ready = await client.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json() == {
            "status": "unavailable",
            "reasons": ["inference server 127.0.0.1:1 does not answer"],
        }


class Unreachable:
    url = "127.0.0.1:1"
    http_url = "127.0.0.1:2"


async def test_client_that_leaves_cancels_its_work(
    site: Site, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def never(*_: object) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with gateway(site, GatewaySettings(), alice) as client:
        with monkeypatch.context() as stuck:
            stuck.setattr(TritonPool, "_send", never)
            caller = asyncio.create_task(client.post(PATH, json={"text": "w1"}))
            await started.wait()
            caller.cancel()
            async with asyncio.timeout(5):
                await cancelled.wait()
        assert (await client.post(PATH, json={"text": "w1"})).status_code == 200


@pytest.mark.parametrize("calls", [1, 3])
async def test_triton_that_hangs_is_given_up(site: Site, alice: str, calls: int) -> None:
    settings = GatewaySettings(triton_timeout=0.2, packs_in_flight=1)
    async with gateway(site, settings, alice) as client:
        assert (await client.post(PATH, json={"text": "w1"})).status_code == 200
        assert site.triton.pid is not None
        os.kill(site.triton.pid, signal.SIGSTOP)
        try:
            asked = [client.post(PATH, json={"text": f"w2 w{number}"}) for number in range(calls)]
            answers = await asyncio.gather(*asked)
        finally:
            os.kill(site.triton.pid, signal.SIGCONT)
        assert [answer.status_code for answer in answers] == [503] * calls
        assert all(answer.headers["retry-after"] == "1" for answer in answers)
        assert (await recovered(client)).status_code == 200


@pytest.mark.parametrize(
    ("settings", "code"),
    [(GatewaySettings(max_requests=0), 503), (GatewaySettings(max_bodies_bytes=4), 503)],
)
async def test_too_much_work_is_refused(site: Site, alice: str, settings: GatewaySettings, code: int) -> None:
    async with gateway(site, settings, alice) as client:
        answer = await client.post(PATH, json={"text": "w1"})
        assert (answer.status_code, answer.headers["retry-after"]) == (code, "1")
        assert answer.json()["message"].endswith("Try again shortly.")
        assert (await client.get("/health")).json() == {"status": "ok"}


async def test_process_drains_on_sigterm_and_stays_small(site: Site, alice: str) -> None:
    process = await start(site, site.uploads.root)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            lines = printed(process.stdout)
            url = await anext(lines)
            reader, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"))
            writer.write(
                b"POST /text-vectorisation HTTP/1.1\r\nhost: x\r\ncontent-length: 14\r\n"
                b"x-api-key: " + alice.encode() + b"\r\nexpect: 100-continue\r\n\r\n"
            )
            assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n"), "the request has begun"
            process.terminate()
            with pytest.raises(httpx.ConnectError):
                await refused(url)
            writer.write(b'{"text": "w1"}')
            assert (await reader.read(1 << 16)).startswith(b"HTTP/1.1 200 OK")
            writer.close()
            unwanted, rss = (await anext(lines)).rsplit(maxsplit=1)
            assert await process.wait() == 0
        assert unwanted == "[]"
        assert int(rss) < 300
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def refused(url: str) -> None:
    """Connect anew until that fails; a connection may still be accepted and closed."""
    while True:
        async with httpx.AsyncClient(trust_env=False) as client:
            with suppress(httpx.RemoteProtocolError, httpx.ReadError):
                await client.get(f"{url}/health")
