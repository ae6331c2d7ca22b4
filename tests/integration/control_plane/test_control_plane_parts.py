"""Versions of two graphs in a real Triton: both serve or neither does."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from asking import answers, loaded
from deployable import write_entry
from site_under_test import Site, until

from control_plane.builds import queue
from control_plane.builds.rollout import publish
from control_plane.builds.tables import BuildStatus
from control_plane.models.schemas import NewModel
from control_plane.models.tables import VersionState
from control_plane.snapshot import read_catalog
from model_repository.client import TritonClient
from model_repository.manifest import Task
from model_repository.server import EmbeddedTriton

pytestmark = pytest.mark.integration

TOWERS = ("text", "image")
FIRST = {"global.mini.1.text", "global.mini.1.image"}
SECOND = {"global.mini.2.text", "global.mini.2.image"}


async def test_both_graphs_live_and_go_together(site: Site, triton: EmbeddedTriton, client: TritonClient):
    async def serving(*entries: str) -> bool:
        return await loaded(client) == {*entries}

    async with site.working(triton.url):
        first = await site.ended(await site.stage(*TOWERS))
        assert first.status is BuildStatus.SUCCEEDED, first.message
        for entry in FIRST:
            assert await answers(client, entry)

        await site.ended(await site.stage(*TOWERS))
        await until(lambda: serving(*SECOND))
        provider = (
            (await read_catalog(site.database)).resolve(1, Task.IMAGE_CLASSIFICATION, "mini").providers[0]
        )
        assert {graph.entry for graph in provider.graphs} == SECOND

        assert triton.pid is not None
        os.kill(triton.pid, signal.SIGKILL)
        await until(serving)
        await until(lambda: serving(*SECOND))
        for entry in SECOND:
            assert await answers(client, entry)

        back = await site.ended(await site.models.rollback(None, "mini"))
        assert back.status is BuildStatus.SUCCEEDED, back.message
        await until(lambda: serving(*FIRST))

        await site.models.remove(None, "mini")
        await until(serving)
        await until(lambda: _holds(site))


async def test_when_one_graph_answers_wrongly_neither_stays(
    site: Site, triton: EmbeddedTriton, client: TritonClient
):
    async with site.working(triton.url):
        await site.ended(await site.stage())
        failed = await site.ended(await site.stage(*TOWERS, liars=["image"]))
        assert failed.status is BuildStatus.FAILED
        assert "global.mini.2.image does not answer its stored sample rightly" in failed.message
        assert await loaded(client) == {"global.mini.1"}
        assert await site.states() == {1: VersionState.ACTIVE, 2: VersionState.FAILED}
        await until(lambda: _holds(site, "global.mini.1"))
        assert await answers(client, "global.mini.1")


async def test_a_publisher_killed_between_two_entries_goes_on(site: Site, tmp_path: Path):
    await site.models.add(NewModel(name="mini", source="file:x"))
    claim = await queue.claim(site.database, lease_seconds=10, max_losses=3)
    assert claim is not None
    entries = [tmp_path / "built" / part for part in TOWERS]
    manifests = tuple(write_entry(entry, "mini", 1, entry.name) for entry in entries)
    await asyncio.to_thread(site.storage.publish, entries[0], manifests[0])

    await publish(site.database, site.storage, claim, entries, manifests)
    assert {*site.storage.entries()} == FIRST
    assert (await site.models.versions(None, "mini"))[0].manifests == manifests


async def _holds(site: Site, *entries: str) -> bool:
    return await asyncio.to_thread(site.storage.entries) == [*entries]
