"""Versions in a real Triton: brought up, drained, rolled back, loaded again, deleted."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from asking import answers, loaded
from site_under_test import Site, until

from control_plane.builds.logs import BuildLogs
from control_plane.builds.tables import BuildStatus
from control_plane.gateways import acknowledge
from control_plane.models.tables import VersionState
from control_plane.snapshot import read_generation
from model_repository.client import TritonClient
from model_repository.server import EmbeddedTriton

pytestmark = pytest.mark.integration


@asynccontextmanager
async def gateway(site: Site, generation: int) -> AsyncIterator[None]:
    """A gateway that is alive and has requests under way from that generation."""

    async def serve() -> None:
        while True:
            await acknowledge(site.database, "slow", generation)
            await asyncio.sleep(1)

    serving = asyncio.create_task(serve())
    try:
        yield
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def is_in(site: Site, number: int, state: VersionState) -> bool:
    return (await site.states())[number] is state


async def test_a_version_drains_until_no_gateway_needs_it_and_can_come_back(
    site: Site, triton: EmbeddedTriton, client: TritonClient
):
    async with site.working(triton.url):
        first = await site.ended(await site.stage())
        assert first.status is BuildStatus.SUCCEEDED, first.message
        assert [(stage.name, stage.status) for stage in first.stages] == [("load", "succeeded")]
        assert "done" in await BuildLogs(site.database).of_stage(first.id, "load")
        assert await answers(client, "global.mini.1")

        async with gateway(site, await read_generation(site.database)):
            assert (await site.ended(await site.stage())).status is BuildStatus.SUCCEEDED
            assert await site.states() == {1: VersionState.DRAINING, 2: VersionState.ACTIVE}
            await asyncio.sleep(1.5)  # time enough to unload what must stay
            assert await loaded(client) == {"global.mini.1", "global.mini.2"}
        await acknowledge(site.database, "slow", await read_generation(site.database))
        await until(lambda: is_in(site, 1, VersionState.RETIRED))
        assert await loaded(client) == {"global.mini.2"}

        back = await site.ended(await site.models.rollback(None, "mini"))
        assert back.status is BuildStatus.SUCCEEDED
        assert await answers(client, "global.mini.1")
        assert (await site.models.get(None, "mini")).active_version == 1


async def test_old_files_go_and_removed_models_leave_nothing(
    site: Site, triton: EmbeddedTriton, client: TritonClient
):
    async def entries(*expected: str) -> bool:
        return await asyncio.to_thread(site.storage.entries) == [*expected]

    async with site.working(triton.url):
        for _ in range(4):
            await site.ended(await site.stage())
        await until(lambda: entries("global.mini.2", "global.mini.3", "global.mini.4"))
        await site.models.remove(None, "mini")
        await until(entries)
        assert await loaded(client) == set()


async def test_a_version_that_answers_wrongly_never_serves(
    site: Site, triton: EmbeddedTriton, client: TritonClient
):
    async def deleted() -> bool:
        return await asyncio.to_thread(site.storage.entries) == ["global.mini.1"]

    async with site.working(triton.url):
        await site.ended(await site.stage())
        failed = await site.ended(await site.stage(liars=[""]))
        assert failed.status is BuildStatus.FAILED
        assert "does not answer its stored sample rightly" in failed.message
        assert failed.stages[0].status == "failed"
        assert failed.message in await BuildLogs(site.database).of_stage(failed.id, "load")
        assert await site.states() == {1: VersionState.ACTIVE, 2: VersionState.FAILED}
        assert await answers(client, "global.mini.1")
        await until(deleted)


async def test_what_a_killed_triton_forgets_is_loaded_again_and_strangers_are_unloaded(
    site: Site, triton: EmbeddedTriton, client: TritonClient
):
    async with site.working(triton.url):
        await site.ended(await site.stage())
        await site.ended(await site.stage())
        await until(lambda: is_in(site, 1, VersionState.RETIRED))
        assert triton.pid is not None
        os.kill(triton.pid, signal.SIGKILL)

        async def back() -> bool:
            return await loaded(client) == {"global.mini.2"}

        async def gone() -> bool:
            return not await back()

        await until(gone)
        await until(back)
        assert await answers(client, "global.mini.2")
        await client.load("global.mini.1")
        await until(back)
