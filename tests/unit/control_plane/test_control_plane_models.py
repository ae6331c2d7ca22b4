"""Models, versions and the snapshot that gateways see of them."""

import pytest
from control_plane_examples import SOURCE, add_and_deploy, claim_next, deploy, new_model

from control_plane.accounts.service import AccountService
from control_plane.builds import queue
from control_plane.builds.service import BuildService
from control_plane.builds.tables import BuildKind, BuildStatus
from control_plane.catalog import (
    ModelNotFoundError,
    ModelNotReadyError,
    RouterStatus,
    TaskNotSupportedError,
)
from control_plane.db.engine import Database
from control_plane.errors import AccountNotFoundError, ConflictError, InvalidRequestError
from control_plane.models.service import ModelService
from control_plane.models.tables import VersionState
from control_plane.snapshot import read_catalog, read_generation
from model_repository.layout import InvalidNameError
from model_repository.manifest import Task

ENGLISH = {Task.EMBEDDING: ("english",)}


@pytest.fixture
def models(database: Database) -> ModelService:
    return ModelService(database)


async def states(models: ModelService, name: str = "mini") -> dict[int, VersionState]:
    return {version.number: version.state for version in await models.versions(None, name)}


async def test_a_new_model_is_building_and_then_ready(database: Database, models: ModelService):
    build = await models.add(new_model(description="small", aliases=ENGLISH))
    summary = await models.get(None, "mini")
    assert (summary.build_status, summary.active_version, summary.last_deployment) == ("building", None, None)
    assert (await read_catalog(database)).routers[None, "mini"].status is RouterStatus.BUILDING
    with pytest.raises(ModelNotReadyError):
        (await read_catalog(database)).resolve(1, Task.EMBEDDING, "english")

    await deploy(database, await claim_next(database))

    summary = await models.get(None, "mini")
    assert (summary.build_status, summary.active_version, summary.source) == ("success", 1, SOURCE)
    assert summary.aliases == ENGLISH
    assert summary.last_deployment is not None
    assert (await BuildService(database).get(build)).status is BuildStatus.SUCCEEDED
    provider = (await read_catalog(database)).resolve(1, Task.EMBEDDING, "english").providers[0]
    assert provider.graph(Task.EMBEDDING).entry == "global.mini.1"
    assert (await models.versions(None, "mini"))[0].manifests == provider.graphs


async def test_own_models_come_before_aliases_and_built_in_ones(database: Database):
    mine, other = [await AccountService(database).ensure(name) for name in ("acme", "other")]
    await add_and_deploy(database, "mini", aliases=ENGLISH)
    await add_and_deploy(database, "english", owner="acme")
    await add_and_deploy(database, "secret", owner="other")
    catalog = await read_catalog(database)

    def entry(account: int, name: str) -> str:
        return catalog.resolve(account, Task.EMBEDDING, name).providers[0].graph(Task.EMBEDDING).entry

    assert entry(mine, "english") == "acme.english.1"
    assert entry(other, "english") == entry(other, "mini") == "global.mini.1"
    assert entry(other, "secret") == "other.secret.1"
    with pytest.raises(ModelNotFoundError):
        entry(mine, "secret")
    listed = await ModelService(database).list(mine, include_global=True)
    assert [(model.owner, model.name) for model in listed] == [("acme", "english"), ("global", "mini")]
    assert [model.name for model in await ModelService(database).list(mine, include_global=False)] == [
        "english"
    ]


async def test_an_unknown_task_hides_nothing(database: Database, models: ModelService):
    await models.add(new_model(tasks=()))
    with pytest.raises(ModelNotReadyError):
        (await read_catalog(database)).resolve(1, Task.EMBEDDING, "mini")
    await deploy(database, await claim_next(database))
    assert (await models.get(None, "mini")).tasks == (Task.EMBEDDING,)


async def test_an_alias_moves_when_the_newer_model_is_ready(database: Database, models: ModelService):
    await add_and_deploy(database, "old", aliases=ENGLISH)
    await models.add(new_model("new", aliases=ENGLISH))

    async def leads_to() -> str:
        return (await read_catalog(database)).aliases[Task.EMBEDDING, "english"].name

    assert await leads_to() == "old"
    await deploy(database, await claim_next(database))
    assert await leads_to() == "new"
    assert (await models.get(None, "old")).aliases == {}
    await models.remove(None, "new")
    assert await leads_to() == "old"


async def test_a_failed_rebuild_keeps_the_active_version(database: Database, models: ModelService):
    await add_and_deploy(database)
    generation = await read_generation(database)
    await models.add(new_model())
    claim = await claim_next(database)
    await queue.end(database, claim, BuildStatus.FAILED, "no such file", "look again")
    summary = await models.get(None, "mini")
    assert (summary.build_status, summary.build_message, summary.active_version) == (
        "fail",
        "no such file: look again",
        1,
    )
    assert await states(models) == {1: VersionState.ACTIVE, 2: VersionState.FAILED}
    assert (await read_catalog(database)).resolve(1, Task.EMBEDDING, "mini").providers[0].graphs[
        0
    ].version == 1
    assert await read_generation(database) == generation


async def test_a_failed_first_build_is_told_to_gateways(database: Database, models: ModelService):
    await models.add(new_model())
    generation = await read_generation(database)
    await queue.end(database, await claim_next(database), BuildStatus.FAILED, "no such file")
    assert await read_generation(database) == generation + 1
    assert (await read_catalog(database)).routers[None, "mini"].status is RouterStatus.FAILED


async def test_rollback_goes_back_one_good_version(database: Database, models: ModelService):
    await add_and_deploy(database)
    with pytest.raises(ConflictError):
        await models.rollback(None, "mini")
    await add_and_deploy(database)
    await models.add(new_model())
    await queue.end(database, await claim_next(database), BuildStatus.FAILED, "broken")
    await add_and_deploy(database)
    assert (await models.get(None, "mini")).active_version == 4

    build = await models.rollback(None, "mini")
    claim = await claim_next(database)
    assert (claim.build_id, claim.kind, claim.number, claim.loading) == (build, BuildKind.ACTIVATE, 2, True)
    await deploy(database, claim)
    assert (await models.get(None, "mini")).active_version == 2
    assert (await states(models))[4] is VersionState.DRAINING


async def test_a_failed_rollback_changes_nothing(database: Database, models: ModelService):
    await add_and_deploy(database)
    await add_and_deploy(database)
    await models.rollback(None, "mini")
    await queue.end(database, await claim_next(database), BuildStatus.FAILED, "Triton refused")
    assert await states(models) == {1: VersionState.RETIRED, 2: VersionState.ACTIVE}


async def test_a_removed_model_is_gone_at_once_and_its_numbers_stay_used(
    database: Database, models: ModelService
):
    await add_and_deploy(database)
    generation = await read_generation(database)
    await models.remove(None, "mini")
    assert await read_generation(database) == generation + 1
    with pytest.raises(ModelNotFoundError):
        (await read_catalog(database)).resolve(1, Task.EMBEDDING, "mini")
    for question in (models.get, models.versions, models.rollback, models.remove):
        with pytest.raises(ModelNotFoundError):
            await question(None, "mini")
    await add_and_deploy(database)
    assert list(await states(models)) == [2]


async def test_a_newer_build_supersedes_the_waiting_one(database: Database, models: ModelService):
    first = await models.add(new_model())
    second = await models.add(new_model())
    builds = BuildService(database)
    assert (await builds.get(first)).status is BuildStatus.CANCELLED
    assert (await claim_next(database)).build_id == second
    assert [build.id for build in await builds.list()] == [second, first]
    latest = await builds.latest(None, "mini")
    assert latest is not None
    assert latest.id == second


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": "Upper"}, InvalidNameError),
        ({"name": "a.b"}, InvalidNameError),
        ({"name": "../x"}, InvalidNameError),
        ({"aliases": {Task.EMBEDDING: ("Bad",)}}, InvalidNameError),
        ({"source": "http://example.org/model"}, InvalidRequestError),
        ({"source": "wheel:package"}, InvalidRequestError),
        ({"sha256": "abc"}, InvalidRequestError),
        ({"aliases": ENGLISH, "owner": "acme"}, InvalidRequestError),
        ({"aliases": ENGLISH, "tasks": (Task.EMOTION,)}, InvalidRequestError),
        ({"aliases": ENGLISH, "tasks": ()}, InvalidRequestError),
        ({"owner": "nobody"}, AccountNotFoundError),
    ],
)
async def test_what_cannot_be_built_is_refused(
    database: Database, models: ModelService, changes: dict[str, object], error: type[Exception]
):
    with pytest.raises(error):
        await models.add(new_model(**changes))
    assert await read_generation(database) == 1


async def test_a_wrong_task_is_told(database: Database):
    await add_and_deploy(database)
    catalog = await read_catalog(database)
    with pytest.raises(TaskNotSupportedError):
        catalog.resolve(1, Task.EMOTION, "mini")
