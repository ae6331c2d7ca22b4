"""Real conversions in a worker that is stopped or told to cancel, and one that cannot be."""

import psutil
import pytest
from site_under_test import Site, until

from control_plane.builds.tables import BuildStatus
from control_plane.models.schemas import NewModel
from control_plane.models.tables import VersionState

pytestmark = pytest.mark.integration


async def test_a_stopped_worker_gives_its_build_back_and_a_cancelled_one_ends(site: Site, source: str):
    build = await site.models.add(NewModel(name="mini", source=source))
    async with site.working():
        await until(lambda: site.is_at(build, "inspect"))
    assert (await site.builds.get(build)).status is BuildStatus.QUEUED

    async with site.working():
        await until(lambda: site.is_at(build, "export"))
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
