"""Versions of several graphs, models of several tasks, and aliases that mean another model in each task."""

import pytest
from control_plane_examples import add_and_deploy, claim_next, deploy, new_model, towers

from control_plane.catalog import ModelNotFoundError, TaskNotSupportedError
from control_plane.db.engine import Database
from control_plane.models.service import ModelService
from control_plane.models.tables import VersionState
from control_plane.snapshot import read_catalog
from model_repository.manifest import Task


async def deploy_towers(database: Database) -> None:
    await ModelService(database).add(new_model("clip", tasks=()))
    claim = await claim_next(database)
    await deploy(database, claim, *towers(claim))


async def test_each_task_finds_its_graph(database: Database):
    await deploy_towers(database)
    catalog = await read_catalog(database)
    entries = {
        task: catalog.resolve(1, task, "clip").providers[0].graph(task).entry
        for task in (Task.EMBEDDING, Task.IMAGE_EMBEDDING, Task.IMAGE_CLASSIFICATION)
    }
    assert entries == {
        Task.EMBEDDING: "global.clip.1.text",
        Task.IMAGE_EMBEDDING: "global.clip.1.image",
        Task.IMAGE_CLASSIFICATION: "global.clip.1.image",
    }
    with pytest.raises(TaskNotSupportedError):
        catalog.resolve(1, Task.EMOTION, "clip")
    with pytest.raises(TaskNotSupportedError):
        catalog.resolve(1, Task.EMBEDDING, "clip").providers[0].graph(Task.EMOTION)


async def test_a_model_has_the_tasks_of_all_its_graphs_and_the_version_their_manifests(database: Database):
    await deploy_towers(database)
    models = ModelService(database)
    assert set((await models.get(None, "clip")).tasks) == {
        Task.EMBEDDING,
        Task.IMAGE_EMBEDDING,
        Task.IMAGE_CLASSIFICATION,
    }
    (version,) = await models.versions(None, "clip")
    assert [manifest.part for manifest in version.manifests] == ["text", "image"]
    assert version.manifests == (await read_catalog(database)).routers[None, "clip"].providers[0].graphs


async def test_a_version_of_several_graphs_comes_back_whole(database: Database):
    await deploy_towers(database)
    await deploy_towers(database)
    models = ModelService(database)
    await models.rollback(None, "clip")
    claim = await claim_next(database)
    assert [manifest.entry for manifest in claim.manifests] == ["global.clip.1.text", "global.clip.1.image"]
    await deploy(database, claim)
    states = {version.number: version.state for version in await models.versions(None, "clip")}
    assert states == {1: VersionState.ACTIVE, 2: VersionState.DRAINING}


async def test_one_alias_is_another_model_in_each_task(database: Database):
    tasks = (Task.QUESTION_ANSWERING, Task.SUMMARISATION)
    await add_and_deploy(database, "mini", aliases={Task.EMBEDDING: ("english", "small")})
    await ModelService(database).add(
        new_model("t5", tasks=tasks, aliases={tasks[0]: ("english",), tasks[1]: ("english", "short")})
    )
    catalog = await read_catalog(database)
    found = {(task, name): router.name for (task, name), router in catalog.aliases.items()}
    assert found == {
        (Task.EMBEDDING, "english"): "mini",
        (Task.EMBEDDING, "small"): "mini",
        (tasks[0], "english"): "t5",
        (tasks[1], "english"): "t5",
        (tasks[1], "short"): "t5",
    }
    assert (await ModelService(database).get(None, "t5")).aliases == {
        tasks[0]: ("english",),
        tasks[1]: ("english", "short"),
    }
    with pytest.raises(ModelNotFoundError):
        catalog.resolve(1, tasks[0], "short")
