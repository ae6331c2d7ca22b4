"""Builds: claimed by one worker, taken over from a dead one, cancelled, bounded."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from control_plane_examples import add_and_deploy, claim_next, deploy, new_model

from control_plane.builds import logs, queue
from control_plane.builds.logs import BuildLogs
from control_plane.builds.progress import Journal, Progress
from control_plane.builds.pruning import Pruning
from control_plane.builds.queue import ClaimLostError
from control_plane.builds.service import BuildService
from control_plane.builds.tables import BuildStatus
from control_plane.db.engine import Database
from control_plane.errors import BuildNotFoundError, ConflictError
from control_plane.models.service import ModelService
from control_plane.models.tables import VersionState
from control_plane.snapshot import read_generation
from converters.spec import BuildCancelledError, StageStatus
from model_repository.manifest import Task

LIMITS = {"lease_seconds": 10, "max_losses": 3}
FETCHING = Progress("fetch", StageStatus.RUNNING, 50, "half way", "/nowhere/fetch.log", "again", 1.5)


async def test_each_build_is_claimed_once(database: Database):
    models = ModelService(database)
    builds = [await models.add(new_model(f"mini-{number}")) for number in range(6)]
    claims = await asyncio.gather(*(queue.claim(database, **LIMITS) for _ in range(12)))
    claimed = sorted(claim.build_id for claim in claims if claim)
    assert claimed == sorted(set(claimed))
    while (late := await queue.claim(database, **LIMITS)) is not None:
        claimed.append(late.build_id)
    assert sorted(claimed) == builds


async def test_a_silent_worker_loses_its_build_and_can_no_longer_write(database: Database):
    await ModelService(database).add(new_model())
    first = await claim_next(database)
    await queue.beat(database, first, [FETCHING])
    assert await queue.claim(database, **LIMITS) is None
    second = await claim_next(database, lease_seconds=0)
    assert second == replace(first, attempt=first.attempt + 1)
    for writing in (
        queue.beat(database, first, []),
        queue.end(database, first, BuildStatus.FAILED, "late"),
        queue.give_back(database, first),
        deploy(database, first),
    ):
        with pytest.raises(ClaimLostError):
            await writing
    await deploy(database, second)


async def test_a_build_fails_when_it_loses_its_worker_too_often(database: Database):
    build = await ModelService(database).add(new_model())
    for _ in range(3):
        await claim_next(database, lease_seconds=0)
    assert await queue.claim(database, lease_seconds=0, max_losses=3) is None
    failed = await BuildService(database).get(build)
    assert failed.status is BuildStatus.FAILED
    assert "lost its worker 3 times" in failed.message


async def test_lost_jobs_are_queued_again_and_bounded(database: Database):
    build = await ModelService(database).add(new_model())
    for _ in range(3):
        await queue.lose(database, await claim_next(database), "the job was lost", max_losses=3)
    assert (await BuildService(database).get(build)).status is BuildStatus.FAILED


async def test_a_build_given_back_costs_nothing(database: Database):
    build = await ModelService(database).add(new_model())
    for _ in range(5):
        await queue.give_back(database, await claim_next(database))
    assert (await BuildService(database).get(build)).status is BuildStatus.QUEUED


async def test_progress_is_kept_by_stage(database: Database):
    build = await ModelService(database).add(new_model())
    claim = await claim_next(database)
    await queue.beat(database, claim, [FETCHING])
    builds, written = BuildService(database), BuildLogs(database)
    assert await written.of_stage(build, "fetch") == ""
    await queue.beat(database, claim, [replace(FETCHING, output="fet")])
    done = replace(FETCHING, status=StageStatus.SUCCEEDED, percent=100, seconds=3.0, output="ched\n")
    await queue.beat(database, claim, [done, replace(FETCHING, stage="inspect", percent=0)])
    found = await builds.get(build)
    assert (found.stage, found.percent) == ("inspect", 11.1)
    assert [(stage.name, stage.status, stage.seconds) for stage in found.stages] == [
        ("fetch", "succeeded", 3.0),
        ("inspect", "running", 1.5),
    ]
    assert await written.of_stage(build, "fetch") == "fetched\n"
    with pytest.raises(BuildNotFoundError):
        await written.of_stage(build, "verify")
    with pytest.raises(BuildNotFoundError):
        await builds.get(99)


async def test_a_waiting_build_is_cancelled_at_once(database: Database):
    models, builds = ModelService(database), BuildService(database)
    build = await models.add(new_model())
    generation = await read_generation(database)
    await builds.cancel(build)
    assert await read_generation(database) > generation  # callers now hear "failed", not "building"
    await builds.cancel(build)
    assert (await builds.get(build)).status is BuildStatus.CANCELLED
    assert await queue.claim(database, **LIMITS) is None
    assert (await models.versions(None, "mini"))[0].state is VersionState.FAILED
    with pytest.raises(BuildNotFoundError):
        await builds.cancel(99)


async def test_a_running_build_is_told_to_end_and_never_goes_live(database: Database):
    build = await ModelService(database).add(new_model())
    claim = await claim_next(database)
    assert not await queue.beat(database, claim, [])
    await BuildService(database).cancel(build)
    assert await queue.beat(database, claim, [])
    with pytest.raises(BuildCancelledError):
        await deploy(database, claim)


async def test_a_build_of_a_removed_model_never_goes_live(database: Database):
    models = ModelService(database)
    await add_and_deploy(database)
    await models.add(new_model())
    claim = await claim_next(database)
    await models.remove(None, "mini")
    with pytest.raises(BuildCancelledError, match="removed"):
        await deploy(database, claim)


def test_news_that_could_not_be_written_wait_behind_newer_ones():
    journal = Journal()
    journal.put(FETCHING)
    journal.put(replace(FETCHING, percent=60))
    taken = journal.take()
    assert [news.percent for news in taken] == [60]
    inspecting = replace(FETCHING, stage="inspect")
    journal.put(replace(FETCHING, percent=100))
    journal.put_back([*taken, inspecting])
    assert {(news.stage, news.percent) for news in journal.take()} == {("fetch", 100), ("inspect", 50)}
    assert journal.take() == []


async def test_a_new_version_may_have_another_task(database: Database):
    models = ModelService(database)
    await models.add(new_model(tasks=()))
    await models.add(new_model())
    assert (await claim_next(database)).tasks == (Task.EMBEDDING,)
    assert (await models.get(None, "mini")).tasks == (Task.EMBEDDING,)


async def test_percent_never_steps_back(database: Database):
    build = await ModelService(database).add(new_model())
    claim = await claim_next(database)
    await queue.beat(database, claim, [replace(FETCHING, stage="verify")])
    reached = (await BuildService(database).get(build)).percent
    await queue.give_back(database, claim)
    await queue.beat(database, await claim_next(database), [FETCHING])
    assert (await BuildService(database).get(build)).percent == reached > 50


async def test_a_build_that_is_put_off_lets_others_go_first(database: Database):
    models = ModelService(database)
    first = await models.add(new_model("patient", resources={"GPU": 1}, patient=True))
    claim = await claim_next(database)
    assert (claim.resources, claim.patient) == ({"GPU": 1}, True)
    await queue.put_off(database, claim, "no job worker offers GPU=1", seconds=60)
    assert await queue.claim(database, **LIMITS) is None
    second = await models.add(new_model("other"))
    assert (await claim_next(database)).build_id == second
    waiting = await BuildService(database).get(first)
    assert (waiting.status, waiting.message) == (BuildStatus.QUEUED, "no job worker offers GPU=1")


async def test_waiting_builds_say_why_none_is_taken_up(database: Database):
    models = ModelService(database)
    builds = [await models.add(new_model(f"mini-{number}")) for number in range(2)]
    await queue.explain(database, "the job scheduler cannot be reached")
    found = [await BuildService(database).get(build) for build in builds]
    assert {build.message for build in found} == {"the job scheduler cannot be reached"}


async def test_only_what_has_failed_is_retried(database: Database):
    models, builds = ModelService(database), BuildService(database)
    build = await models.add(new_model())
    with pytest.raises(ConflictError, match="is queued"):
        await builds.retry(build)
    await queue.end(database, await claim_next(database), BuildStatus.FAILED, "no such file", "hint")
    newer = await models.add(new_model())
    await builds.retry(build)
    assert (await builds.get(newer)).status is BuildStatus.CANCELLED
    again = await builds.get(build)
    assert (again.status, again.message, again.hint) == (BuildStatus.QUEUED, "", "")
    await deploy(database, await claim_next(database))
    with pytest.raises(ConflictError, match="is succeeded"):
        await builds.retry(build)
    await models.remove(None, "mini")
    with pytest.raises(ConflictError, match="removed"):
        await builds.retry(newer)


async def test_old_logs_and_workspaces_go(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(logs, "KEPT", 3)
    models = ModelService(database)
    builds = []
    for number in range(5):
        builds.append(await models.add(new_model(f"mini-{number}")))
        claim = await claim_next(database)
        await queue.beat(database, claim, [replace(FETCHING, output="text")])
        if number < 4:
            await queue.end(database, claim, BuildStatus.FAILED, "no such file")
        (tmp_path / str(builds[-1])).mkdir()
    (tmp_path / "other").mkdir()
    await Pruning(database, tmp_path, kept=2).sweep()
    left = {name for name in ("other", *map(str, builds)) if (tmp_path / name).is_dir()}
    assert left == {"other", *map(str, builds[2:])}
    kept = [await BuildLogs(database).of_stage(build, "fetch") for build in builds]
    assert kept == ["", "", "text", "text", "text"]
