"""The whole life of a model on a real PostgreSQL, from its source to the end of its traffic."""

import asyncio
import sys
from pathlib import Path

import psutil
import pytest
from asking import answers, loaded
from site_under_test import Site, until

from control_plane.builds.logs import BuildLogs
from control_plane.builds.tables import BuildStatus
from control_plane.gateways import acknowledge
from control_plane.models.schemas import NewModel
from control_plane.models.tables import VersionState
from control_plane.snapshot import read_catalog, read_generation
from model_repository.client import TritonClient
from model_repository.manifest import Task
from model_repository.server import EmbeddedTriton

pytestmark = pytest.mark.integration


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


async def test_a_build_outlives_its_worker_and_its_version_every_gateway_that_needs_it(
    site: Site, triton: EmbeddedTriton, client: TritonClient, source: str
):
    build = await site.models.add(NewModel(name="mini", source=source))
    await kill_a_worker_in(site, build, "export")
    assert site.storage.entries() == []

    async with site.working(triton.url):
        await check_that_it_went_on(site, build)
        await check_that_it_drains_by_two_gateways(site, client)


async def kill_a_worker_in(site: Site, build: int, stage: str) -> None:
    url = site.database.url.render_as_string(hide_password=False)
    script = Path(__file__).with_name("run_worker.py")
    process = await asyncio.create_subprocess_exec(sys.executable, str(script), url, str(site.folder))
    try:
        await until(lambda: site.is_at(build, stage))
        children = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()
        await process.wait()
    await asyncio.to_thread(psutil.wait_procs, children, 10)
    assert not [child for child in children if child.is_running()]


async def check_that_it_went_on(site: Site, build: int) -> None:
    ended = await site.ended(build)
    assert ended.status is BuildStatus.SUCCEEDED, ended.message
    assert ended.attempt == 2
    kept = [stage.name for stage in ended.stages if stage.message == "kept from an earlier run"]
    assert kept == ["fetch", "inspect"]
    assert [stage.name for stage in ended.stages][-3:] == ["package", "publish", "load"]
    await until(lambda: workspace_is_gone(site, build))
    assert "[" in await BuildLogs(site.database).of_stage(build, "export")
    assert site.storage.entries() == ["global.mini.1"]
    assert await site.states() == {1: VersionState.ACTIVE}
    assert (await site.models.get(None, "mini")).tasks == (Task.EMBEDDING,)
    provider = (await read_catalog(site.database)).resolve(1, Task.EMBEDDING, "mini").providers[0]
    assert provider.graph(Task.EMBEDDING).parity.passed


async def workspace_is_gone(site: Site, build: int) -> bool:
    return not (site.folder / "builds" / str(build)).exists()


async def check_that_it_drains_by_two_gateways(site: Site, client: TritonClient) -> None:
    async def acknowledge_as(*generations: int) -> None:
        for number, generation in enumerate(generations):
            await acknowledge(site.database, f"gateway-{number}", generation)

    async def retired() -> bool:
        await acknowledge_as(new, new)
        return (await site.states())[1] is VersionState.RETIRED

    old = await read_generation(site.database)
    await acknowledge_as(old, old)
    second = await site.ended(await site.stage())
    assert second.status is BuildStatus.SUCCEEDED, second.message
    new = await read_generation(site.database)
    for late in ((old, new), (new, old)):  # time enough, twice, to unload what must stay
        await acknowledge_as(*late)
        await asyncio.sleep(1.2)
        assert await site.states() == {1: VersionState.DRAINING, 2: VersionState.ACTIVE}
        assert await loaded(client) == {"global.mini.1", "global.mini.2"}
    await until(retired)
    assert await loaded(client) == {"global.mini.2"}
    assert await answers(client, "global.mini.2")
