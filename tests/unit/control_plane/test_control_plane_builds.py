"""Builds: claimed by one worker, taken over from a dead one, cancelled, bounded."""

import asyncio
from dataclasses import replace

import pytest
from control_plane_examples import add_and_deploy, claim_next, deploy, new_model

from control_plane.builds import queue
from control_plane.builds.progress import Journal, Progress
from control_plane.builds.queue import ClaimLostError
from control_plane.builds.service import BuildService
from control_plane.builds.tables import BuildStatus
from control_plane.db.engine import Database
from control_plane.errors import BuildNotFoundError
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


async def test_progress_is_kept_by_stage(database: Database, tmp_path):
    build = await ModelService(database).add(new_model())
    claim = await claim_next(database)
    log = tmp_path / "fetch.log"
    fetching = replace(FETCHING, log=str(log))
    await queue.beat(database, claim, [fetching])
    builds = BuildService(database)
    assert await builds.read_log(build, "fetch") == ""
    log.write_text("fetched\n")
    done = replace(fetching, status=StageStatus.SUCCEEDED, percent=100, seconds=3.0)
    await queue.beat(database, claim, [done, replace(FETCHING, stage="inspect", percent=0)])
    found = await builds.get(build)
    assert (found.stage, found.percent) == ("inspect", 11.1)
    assert [(stage.name, stage.status, stage.seconds) for stage in found.stages] == [
        ("fetch", "succeeded", 3.0),
        ("inspect", "running", 1.5),
    ]
    assert await builds.read_log(build, "fetch") == "fetched\n"
    with pytest.raises(BuildNotFoundError):
        await builds.read_log(build, "verify")
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
    await models.add(new_model(task=None))
    await models.add(new_model())
    assert (await claim_next(database)).task is Task.EMBEDDING
    assert (await models.get(None, "mini")).task is Task.EMBEDDING
