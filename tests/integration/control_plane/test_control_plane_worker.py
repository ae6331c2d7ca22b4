"""Real conversions in a worker that is killed, stopped or told to cancel."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from site_under_test import Site, until

from control_plane.builds.tables import BuildStatus
from control_plane.models.schemas import NewModel
from control_plane.models.tables import VersionState

pytestmark = pytest.mark.integration


@asynccontextmanager
async def worker_process(site: Site) -> AsyncIterator[asyncio.subprocess.Process]:
    url = site.database.url.render_as_string()
    script = Path(__file__).with_name("run_worker.py")
    process = await asyncio.create_subprocess_exec(sys.executable, str(script), url, str(site.folder))
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def is_at(site: Site, build: int, stage: str) -> bool:
    summary = await site.builds.get(build)
    assert summary.status in (BuildStatus.QUEUED, BuildStatus.RUNNING), summary.message
    return summary.stage == stage


async def test_a_killed_worker_is_succeeded_by_the_next_which_goes_on(site: Site, source: str):
    build = await site.models.add(NewModel(name="mini", source=source))
    async with worker_process(site) as process:
        await until(lambda: is_at(site, build, "export"))
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        await process.wait()
    await asyncio.to_thread(psutil.wait_procs, children, 10)
    assert not [child for child in children if child.is_running()]
    assert site.storage.entries() == []

    async with site.working():
        ended = await site.ended(build)
    assert ended.status is BuildStatus.SUCCEEDED, ended.message
    assert ended.attempt == 2
    assert [stage.name for stage in ended.stages if stage.message == "kept from an earlier run"] == [
        "fetch",
        "inspect",
    ]
    assert [stage.name for stage in ended.stages][-3:] == ["package", "publish", "load"]
    assert site.storage.entries() == ["global.mini.1"]
    assert await site.states() == {1: VersionState.ACTIVE}
    left = {path.name for path in (site.folder / "builds" / str(build)).iterdir() if path.is_dir()}
    assert left == {"logs"}


async def test_a_stopped_worker_gives_its_build_back_and_a_cancelled_one_ends(site: Site, source: str):
    build = await site.models.add(NewModel(name="mini", source=source))
    async with site.working():
        await until(lambda: is_at(site, build, "inspect"))
    assert (await site.builds.get(build)).status is BuildStatus.QUEUED

    async with site.working():
        await until(lambda: is_at(site, build, "export"))
        await site.builds.cancel(build)
        ended = await site.ended(build)
        assert (ended.status, ended.message) == (BuildStatus.CANCELLED, "cancelled")
        assert await site.states() == {1: VersionState.FAILED}
        commands = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
        assert not [command for command in commands if "converters" in command]


async def test_a_source_that_does_not_exist_fails_with_a_cause_and_a_hint(site: Site):
    build = await site.models.add(NewModel(name="mini", source=f"file:{site.folder}/nothing"))
    async with site.working():
        ended = await site.ended(build)
    assert ended.status is BuildStatus.FAILED
    assert ended.message
    assert ended.hint
    assert "\n" not in ended.message
