"""Catalogues: what the shipped ones name, how they are installed, and what is said of the rest."""

from pathlib import Path

import pytest
from control_plane_examples import claim_next, deploy

from control_plane.builds import queue
from control_plane.builds.tables import BuildStatus
from control_plane.catalog import ModelNotFoundError
from control_plane.catalogue import SHIPPED, CatalogueModel, load_catalogue
from control_plane.db.engine import Database
from control_plane.errors import CatalogueError
from control_plane.installation import install
from control_plane.models import validation
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from control_plane.snapshot import read_catalog
from model_repository.manifest import Task

T5 = "t5-base-qa-summary-emotion"
PUBLISHED = {
    (Task.EMBEDDING, "english"): "msmarco-distilroberta-base-v2",
    (Task.EMBEDDING, "multilingual"): "distiluse-base-multilingual-cased-v2",
    (Task.EMBEDDING, "clip"): "clip-vit-base-patch32",
    (Task.QUESTION_ANSWERING, "english"): T5,
    (Task.QUESTION_ANSWERING, "english-base"): T5,
    (Task.TEXT_CLASSIFICATION, "english"): "deberta-base-mnli",
    (Task.TEXT_CLASSIFICATION, "english-base"): "deberta-base-mnli",
    (Task.TEXT_CLASSIFICATION, "english-large"): "bart-large-mnli",
    (Task.TEXT_CLASSIFICATION, "multilingual"): "xlm-roberta-large-xnli",
    (Task.TEXT_CLASSIFICATION, "multilingual-large"): "xlm-roberta-large-xnli",
    (Task.IMAGE_CLASSIFICATION, "english"): "clip-vit-base-patch32",
    (Task.IMAGE_CLASSIFICATION, "english-base"): "clip-vit-base-patch32",
    (Task.IMAGE_CLASSIFICATION, "efficientnet"): "efficientnet-b0",
    (Task.IMAGE_EMBEDDING, "clip"): "clip-vit-base-patch32",
    (Task.IMAGE_EMBEDDING, "base"): "clip-vit-base-patch32",
    (Task.TEXT_GENERATION, "gpt2-large"): "gpt2-large",
    (Task.TEXT_GENERATION, "english-large"): "gpt2-large",
    (Task.TEXT_GENERATION, "english"): "gpt2-medium",
    (Task.TEXT_GENERATION, "english-base"): "gpt2-medium",
    (Task.TEXT_GENERATION, "gpt2"): "gpt2-medium",
    (Task.TEXT_GENERATION, "english-small"): "distilgpt2",
    (Task.TEXT_GENERATION, T5): T5,
    (Task.SUMMARISATION, "english"): T5,
    (Task.SUMMARISATION, "english-base"): T5,
    (Task.SUMMARISATION, "english-small"): "t5-small",
    (Task.EMOTION, "english"): T5,
    (Task.EMOTION, "english-base"): T5,
}
"""The names of the Backprop API and its client, by task."""


def names(model: CatalogueModel) -> set[tuple[Task, str]]:
    return {(task, name) for task in model.tasks for name in (model.name, *model.aliases.get(task, ()))}


def test_the_full_catalogue_has_every_published_name():
    leads_to = {key: model.name for model in load_catalogue("full").models for key in names(model)}
    assert leads_to.items() >= PUBLISHED.items()


@pytest.mark.parametrize("catalogue", SHIPPED)
def test_a_shipped_catalogue_can_be_installed_and_gives_each_name_once(catalogue: str):
    models = load_catalogue(catalogue).models
    for model in models:
        validation.check(
            NewModel(name=model.name, source=model.source, tasks=model.tasks, aliases=model.aliases)
        )
        assert model.description
        assert model.sha256 or not model.source.startswith("wheel:")
    assert sum(len(names(model)) for model in models) == len(
        set[tuple[Task, str]]().union(*map(names, models))
    )


def test_the_starter_builds_what_is_quick_first_and_claims_no_published_name_of_generation():
    models = load_catalogue("starter").models
    assert Task.EMBEDDING in models[0].tasks
    generators = [model for model in models if Task.TEXT_GENERATION in model.tasks]
    assert set().union(*map(names, generators)) == {(Task.TEXT_GENERATION, "smollm2-135m-instruct")}


async def test_a_catalogue_is_installed_once_and_what_failed_is_tried_again(database: Database):
    starter = load_catalogue("starter")
    first, *others = await install(database, starter)
    assert await install(database, starter) == []
    claim = await claim_next(database)
    assert (claim.build_id, claim.tasks) == (first, (Task.EMBEDDING,))
    await deploy(database, claim)
    await queue.end(database, await claim_next(database), BuildStatus.FAILED, "no package mirror")
    (again,) = await install(database, starter)
    assert again > max(others)
    assert await install(database, starter) == []
    for _ in others:
        await deploy(database, await claim_next(database))
    assert await install(database, starter) == []


async def test_a_rebuild_that_failed_is_no_reason_to_install_again(database: Database):
    starter = load_catalogue("starter")
    await install(database, starter)
    for _ in starter.models:
        await deploy(database, await claim_next(database))
    model = starter.models[0]
    await ModelService(database).add(NewModel(name=model.name, source="file:/elsewhere"))
    await queue.end(database, await claim_next(database), BuildStatus.FAILED, "no such folder")
    assert await install(database, starter) == []


async def test_missing_models_say_how_to_get_them(database: Database):
    catalog = await read_catalog(database)
    with pytest.raises(ModelNotFoundError) as unknown:
        catalog.resolve(1, Task.QUESTION_ANSWERING, "english")
    assert unknown.value.hint == (
        f"It is not installed here: `trireme models add hf:kiri-ai/{T5} --name {T5} --task text-generation "
        "--task question-answering --task summarisation --task emotion "
        "--alias question-answering=english` adds it, "
        "or restart with `trireme serve --catalogue full`."
    )
    assert "--catalogue starter" in catalog.missing[Task.EMBEDDING, "english"]
    assert (Task.TOKEN_CLASSIFICATION, "english") not in catalog.missing
    await install(database, load_catalogue("starter"))
    missing = (await read_catalog(database)).missing
    assert (Task.EMBEDDING, "english") not in missing
    assert (Task.TEXT_CLASSIFICATION, "english") in missing


def test_catalogues_of_a_site(tmp_path: Path):
    own = tmp_path / "own.toml"
    own.write_text('[[models]]\nname = "x"\nsource = "file:/x"\ntasks = ["embedding"]\n')
    assert [model.name for model in load_catalogue(str(own)).models] == ["x"]
    own.write_text('[[models]]\nname = "x"\nsorce = "file:/x"\ntasks = ["embedding"]\n')
    with pytest.raises(CatalogueError, match="sorce"):
        load_catalogue(str(own))
    with pytest.raises(CatalogueError):
        load_catalogue("nonsense")
