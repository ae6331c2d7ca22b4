"""Versions change places under load on a real Triton, and no caller ever sees it in a status."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
from databases import NewDatabase
from moving_load import NAME, Load
from running import gateway
from site_setup import Site
from tiny_model import average

from control_plane.accounts.service import AccountService
from control_plane.builds.service import BuildService
from control_plane.builds.tables import UNFINISHED, Build, BuildStatus
from control_plane.db.engine import Database
from control_plane.deployments.exposure import EXCLUSIVE, Exposure, Place
from control_plane.models.schemas import NewModel
from control_plane.models.service import add_model
from control_plane.models.tables import Version, VersionState
from control_plane.settings import JobSettings
from control_plane.worker import Worker
from gateway.settings import GatewaySettings
from model_repository.manifest import Task
from model_repository.server import EmbeddedTriton
from model_repository.settings import TritonSettings
from model_repository.storage import FolderStorage

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

OWNER = "olga"
PATH = f"/deployments/{NAME}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own_site(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> AsyncIterator[Site]:
    """A site with a worker, which unloads from its Triton what it does not know."""
    folder = tmp_path_factory.mktemp("deployments")
    storage = FolderStorage(folder / "repository")
    settings = TritonSettings(start_seconds=120)
    triton = EmbeddedTriton(repository=storage.root, runtime=folder / "triton", settings=settings)
    database = Database(new_database(folder))
    await database.upgrade()
    site = Site(folder / "entries", database, storage, triton)
    stop = asyncio.Event()
    try:
        await triton.start()
        worker = Worker(
            database,
            storage,
            triton_urls=[triton.url],
            settings=JobSettings(),
            workspaces=folder / "builds",
            uploads=site.uploads,
        )
        working = asyncio.create_task(worker.run(stop))
        yield site
        stop.set()
        await working
    finally:
        await triton.stop()
        await database.close()


async def test_no_request_fails_while_versions_change_places(own_site: Site) -> None:
    key = await own_site.key(OWNER)
    async with gateway(own_site, GatewaySettings(), key) as client:
        load = Load(client)
        await publish(own_site, load, seed=1)
        await until(lambda: is_ready(load))
        async with load.running():
            await load.answered_by(1)
            await check_canary(own_site, client, load)
            await check_rollback(own_site, client, load)
            await check_shadow(own_site, client, load)
            await check_that_failures_send_a_canary_back(own_site, client, load)
            await check_that_slowness_sends_a_canary_back(own_site, client, load)
        assert load.statuses.keys() == {200}
        assert not load.strange
        await check_refusals(client)


async def check_canary(site: Site, client: httpx.AsyncClient, load: Load) -> None:
    """A new version comes as a canary, takes its share, and then all."""
    await publish(site, load, seed=2, exposure=Exposure(Place.CANARY, share=0.5))
    await load.answered_by(1, 2)
    await until(lambda: counted(client, 2, 10))
    versions = await look(client)
    assert [(each["version"], each["state"], each["share"]) for each in versions] == [
        (2, "canary", 0.5),
        (1, "active", 0.5),
    ]
    assert all(each["figures"]["failures"] == 0 < each["figures"]["p99_ms"] for each in versions)
    promoted = await client.post(f"{PATH}/promote", json={"version": 2})
    assert (promoted.status_code, promoted.json()["build"]) == (200, None)
    await load.answered_by(2)
    await until(lambda: is_in(client, 1, VersionState.RETIRED))


async def check_rollback(site: Site, client: httpx.AsyncClient, load: Load) -> None:
    await succeeded(site, (await client.post(f"{PATH}/rollback")).json()["build"])
    await load.answered_by(1)
    await until(lambda: is_in(client, 2, VersionState.RETIRED))


async def check_shadow(site: Site, client: httpx.AsyncClient, load: Load) -> None:
    await succeeded(site, (await client.put(f"{PATH}/shadow", json={"version": 2})).json()["build"])
    await until(lambda: counted(client, 2, 10))
    figures = (await version(client, 2))["figures"]
    assert figures["differing"] == figures["requests"] - figures["failures"] > 0
    await load.answered_by(1)
    assert (await client.delete(f"{PATH}/shadow")).status_code == 200
    await until(lambda: is_in(client, 2, VersionState.RETIRED))


async def check_that_failures_send_a_canary_back(site: Site, client: httpx.AsyncClient, load: Load) -> None:
    exposure = Exposure(Place.CANARY, share=0.5, max_error_share=0.1, min_requests=10)
    await publish(site, load, seed=3, exposure=exposure, words=100)
    await until(lambda: is_in(client, 3, VersionState.RETIRED))
    assert "requests failed, the limit is 10.0%" in (await version(client, 3))["remark"]
    await load.answered_by(1)


async def check_that_slowness_sends_a_canary_back(site: Site, client: httpx.AsyncClient, load: Load) -> None:
    split = {"version": 2, "share": 1.0, "max_p99_ms": 0.001, "min_requests": 5}
    await succeeded(site, (await client.put(f"{PATH}/split", json=split)).json()["build"])
    await until(lambda: is_in(client, 2, VersionState.RETIRED))
    assert "the limit is 0.001 ms" in (await version(client, 2))["remark"]
    await load.answered_by(1)


async def check_refusals(client: httpx.AsyncClient) -> None:
    for method, path, body, status, words in (
        ("POST", "/promote", {"version": 1}, 409, "version 1 is in service"),
        ("POST", "/promote", {"version": 99}, 404, "has no version 99"),
        ("POST", "/promote", {}, 400, "`version` is missing"),
        ("PUT", "/split", {"version": 2, "share": 2}, 400, "`share` must be a number from 0 to 1"),
        ("DELETE", "/split", None, 409, "has no canary"),
        ("DELETE", "/shadow", None, 409, "has no shadow"),
    ):
        answer = await client.request(method, f"{PATH}{path}", json=body)
        assert (answer.status_code, words in answer.json()["message"]) == (status, True), answer.text
    assert (await client.get("/deployments/nothing")).status_code == 404


async def publish(
    site: Site, load: Load, *, seed: int, exposure: Exposure = EXCLUSIVE, words: int = 204
) -> None:
    """Leave a version as a worker does that stops between publishing and loading, and wait for its place."""
    await AccountService(site.database).ensure(OWNER)
    graph = average(seed, words)
    new = NewModel(name=NAME, source="file:/tiny", tasks=(Task.EMBEDDING,), owner=OWNER, exposure=exposure)
    async with site.database.session() as session:  # one transaction: no worker sees it before
        build = await session.get_one(Build, await add_model(session, new))
        made = await session.get_one(Version, build.version_id)
        manifest = graph.manifest(OWNER, NAME, made.number)
        folder = graph.write(site.folder / manifest.entry, manifest)
        await asyncio.to_thread(site.storage.publish, folder, manifest)
        made.manifests, made.published, made.state = (manifest,), True, VersionState.LOADING
        load.seeds[made.number] = seed
    await succeeded(site, build.id)


async def succeeded(site: Site, build: int | None) -> None:
    builds = BuildService(site.database)
    assert build is not None

    async def ended() -> bool:
        return (await builds.get(build)).status not in UNFINISHED

    await until(ended)
    found = await builds.get(build)
    assert found.status is BuildStatus.SUCCEEDED, found.message


async def look(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    return (await client.get(PATH)).json()["versions"]


async def version(client: httpx.AsyncClient, number: int) -> dict[str, Any]:
    (found,) = [each for each in await look(client) if each["version"] == number]
    return found


async def is_in(client: httpx.AsyncClient, number: int, state: VersionState) -> bool:
    return (await version(client, number))["state"] == state


async def counted(client: httpx.AsyncClient, number: int, requests: int) -> bool:
    figures = (await version(client, number))["figures"]
    return figures is not None and figures["requests"] >= requests


async def is_ready(load: Load) -> bool:
    return (await load.call()).is_success


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - the state is seen through HTTP or SQL only
            await asyncio.sleep(0.05)
