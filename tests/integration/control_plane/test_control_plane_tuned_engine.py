"""A model that is tuned on a host with more threads: measured anew and rolled out beside what serves."""

from dataclasses import replace

import pytest
from asking import loaded
from site_under_test import SETTINGS, Site, until

from control_plane.builds.tables import BuildKind, BuildStatus
from control_plane.models.schemas import NewModel
from control_plane.models.tables import VersionState
from model_repository.client import TritonClient
from model_repository.manifest import EngineSpec
from model_repository.server import EmbeddedTriton

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]  # two conversions, on a busy machine


async def test_an_engine_with_the_new_hosts_threads_replaces_the_present_one(
    site: Site, triton: EmbeddedTriton, client: TritonClient, source: str
):
    async with site.working(triton.url):
        built = await site.ended(await site.models.add(NewModel(name="mini", source=source)))
    assert built.status is BuildStatus.SUCCEEDED, built.message

    async with site.working(triton.url, settings=replace(SETTINGS, threads=2)):
        tuned = await site.ended(await site.models.tune(None, "mini"))
        assert (tuned.kind, tuned.status) == (BuildKind.TUNE, BuildStatus.SUCCEEDED), tuned.message
        assert [stage.name for stage in tuned.stages][-3:] == ["package", "publish", "load"]
        await until(lambda: _has_replaced_the_first(site))
        assert await loaded(client) == {"global.mini.2"}

    second, first = await site.models.versions(None, "mini")
    (before,), (after,) = first.manifests, second.manifests
    assert after.source.digest == before.source.digest
    assert _threads(before.engine) == 1
    assert _threads(after.engine) in (2, 4)  # shared by its instances, or all of them for each of two
    for candidate in after.candidates:
        assert not candidate.error
        assert candidate.texts_per_second > 0
        assert candidate.latency_ms > 0
        assert candidate.memory_mib >= 0
    front = [candidate for candidate in after.candidates if candidate.front]
    assert front[0].chosen
    assert all(candidate.parity.passed for candidate in front)


def _threads(engine: EngineSpec) -> int:
    """Of all instances together."""
    return engine.instances * engine.threads


async def _has_replaced_the_first(site: Site) -> bool:
    return await site.states() == {1: VersionState.RETIRED, 2: VersionState.ACTIVE}
