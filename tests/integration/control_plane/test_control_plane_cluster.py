"""A cluster of real processes: dask's own scheduler and our job workers, killed and started again."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import psutil
import pytest
from ports import free_port
from site_under_test import SETTINGS, Site, until

from control_plane.builds.tables import BuildStatus
from control_plane.jobs import JobEngine
from control_plane.models.schemas import NewModel
from control_plane.settings import JobSettings

pytestmark = pytest.mark.integration


@pytest.fixture
def address() -> str:
    return f"tcp://127.0.0.1:{free_port()}"


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[psutil.Process]:
    """`python -m …` until the end of the block; children of a killed one end by themselves."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield psutil.Process(started.pid)
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


def scheduler(address: str) -> tuple[str, ...]:
    host, _, port = address.removeprefix("tcp://").partition(":")
    return ("distributed.cli.dask_scheduler", "--host", host, "--port", port, "--no-dashboard")


def worker(site: Site, address: str, *options: str) -> tuple[str, ...]:
    setting = f"jobs.scheduler={address}"
    return ("trireme", "worker", "--jobs", *options, "--data", str(site.folder / "data"), "--set", setting)


@asynccontextmanager
async def joined(settings: JobSettings, workers: int) -> AsyncIterator[None]:
    """Wait until so many job workers have joined."""
    engine = JobEngine(settings)

    async def complete() -> bool:
        return await engine.ready() and len(await engine._workers()) == workers

    try:
        await until(complete)
        yield
    finally:
        await engine.close()


async def runs_conversion(process: psutil.Process) -> bool:
    commands = [" ".join(child.cmdline()) for child in process.children(recursive=True)]
    return any("converters.stage" in command for command in commands)


async def test_a_build_outlives_its_job_worker_and_its_scheduler(site: Site, source: str, address: str):
    settings = replace(SETTINGS, scheduler=address)
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(AsyncExitStack())
        await running.enter_async_context(process(*scheduler(address)))
        workers = [await stack.enter_async_context(process(*worker(site, address))) for _ in range(2)]
        async with joined(settings, 2):
            build = await site.models.add(NewModel(name="mini", source=source))
            await stack.enter_async_context(site.working(settings=settings))
            await until(lambda: site.is_at(build, "inspect"))
            busy = [each for each in workers if await runs_conversion(each)]
            busy[0].kill()
            await until(lambda: site.is_at(build, "export"))

        await running.aclose()
        await stack.enter_async_context(process(*scheduler(address)))
        ended = await site.ended(build)
        assert ended.status is BuildStatus.SUCCEEDED, ended.message
        assert ended.attempt > 1
        assert site.storage.entries() == ["global.mini.1"]


async def test_a_build_that_needs_a_gpu_says_so_or_waits(site: Site, source: str, address: str):
    settings = replace(SETTINGS, scheduler=address)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(process(*scheduler(address)))
        await stack.enter_async_context(process(*worker(site, address)))
        async with joined(settings, 1):
            await stack.enter_async_context(site.working(settings=settings))
            needs = {"GPU": 1.0}
            refused = await site.ended(
                await site.models.add(NewModel(name="hasty", source=source, resources=needs))
            )
            assert (refused.status, refused.message) == (BuildStatus.FAILED, "no job worker offers GPU=1")
            assert "trireme worker --gpu 1" in refused.hint

            waiting = await site.models.add(
                NewModel(name="patient", source=source, resources=needs, patient=True)
            )
            await until(lambda: says(site, waiting, "no job worker offers GPU=1"))
            await stack.enter_async_context(process(*worker(site, address, "--gpu", "1")))
            served = await site.ended(waiting)
            assert served.status is BuildStatus.SUCCEEDED, served.message


async def test_waiting_builds_say_that_there_is_no_scheduler(site: Site, address: str):
    build = await site.models.add(NewModel(name="mini", source="file:/x"))
    async with site.working(settings=replace(SETTINGS, scheduler=address)):
        await until(lambda: says(site, build, f"the job scheduler {address} cannot be reached"))


async def says(site: Site, build: int, words: str) -> bool:
    summary = await site.builds.get(build)
    return summary.status is BuildStatus.QUEUED and words in summary.message
