"""What inspection finds out by itself, what a build may ask for, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from converter_builds import Build, spec_of
from converter_models import write_distiluse, write_model

from converters.results import Inspected
from converters.spec import ConversionError, Stage
from converters.stage import execute
from converters.workspace import Workspace
from model_repository.heads import EmbeddingHead, EntailmentHead, RerankHead
from model_repository.manifest import Task

pytestmark = pytest.mark.integration


def inspect(source: Path, root: Path, *tasks: Task) -> Inspected:
    build = Build(spec_of(f"file:{source}", tasks=tasks), root / "workspace")
    place = Workspace(build.workspace)
    place.prepare(build.spec)
    for stage in (Stage.FETCH, Stage.INSPECT):
        execute(stage, place, lambda percent, message: None)
    return place.result(Stage.INSPECT, Inspected)


def change_json(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("architecture", "family", "tasks"),
    [
        ("bert-mlm", "embedding", {Task.EMBEDDING}),
        ("bert-moods", "classification", {Task.TEXT_CLASSIFICATION}),
        ("deberta-v2-nli", "entailment", {Task.TEXT_CLASSIFICATION}),
        ("bert-rerank", "rerank", {Task.RERANK}),
        ("roberta-qa", "span", {Task.QUESTION_ANSWERING}),
        ("xlm-roberta-names", "token-classification", {Task.TOKEN_CLASSIFICATION}),
        ("vit", "image-classification", {Task.IMAGE_CLASSIFICATION}),
        ("clip", "clip", {Task.EMBEDDING, Task.IMAGE_EMBEDDING, Task.IMAGE_CLASSIFICATION}),
    ],
)
def test_the_family_is_found_by_architecture_and_configuration(
    tmp_path: Path, architecture: str, family: str, tasks: set[Task]
) -> None:
    facts = inspect(write_model(tmp_path / "source", architecture), tmp_path)
    assert facts.family == family
    assert {task for part in facts.parts for task in part.tasks} == tasks


def test_nli_models_of_two_labels_have_another_opposite(tmp_path: Path) -> None:
    (part,) = inspect(write_model(tmp_path / "source", "deberta-v2-nli"), tmp_path).parts
    assert part.head == EntailmentHead(output="logits", entailment=0, contradiction=1)
    assert part.shortest == 5  # three special tokens, and one of each text


@pytest.mark.parametrize(
    ("said", "lengths"),
    [
        ({}, None),
        ({"is_matryoshka": False}, None),
        ({"is_matryoshka": True}, ()),
        ({"matryoshka_dimensions": [16, 8, 32, 64]}, (8, 16)),  # whole vectors have 32 numbers
        ({"matryoshka_dimensions": [32]}, None),
    ],
)
def test_lengths_that_vectors_may_be_cut_to_are_read(
    tmp_path: Path, said: dict[str, Any], lengths: tuple[int, ...] | None
) -> None:
    source = write_model(tmp_path / "source", "bert")
    change_json(source / "config.json", **said)
    (part,) = inspect(source, tmp_path).parts
    assert isinstance(part.head, EmbeddingHead)
    assert part.head.matryoshka == lengths


def test_lengths_that_are_none_are_refused(tmp_path: Path) -> None:
    source = write_model(tmp_path / "source", "bert")
    change_json(source / "config.json", matryoshka_dimensions=[0])
    with pytest.raises(ConversionError, match="matryoshka_dimensions"):
        inspect(source, tmp_path)


def test_a_classifier_is_an_encoder_where_that_is_asked(tmp_path: Path) -> None:
    source = write_model(tmp_path / "source", "bert-moods")
    (part,) = inspect(source, tmp_path, Task.EMBEDDING).parts
    assert part.tasks == (Task.EMBEDDING,)
    assert isinstance(part.head, EmbeddingHead)


def test_only_the_parts_that_are_asked_for_are_converted(tmp_path: Path) -> None:
    source = write_model(tmp_path / "source", "clip")
    (part,) = inspect(source, tmp_path, Task.IMAGE_EMBEDDING).parts
    assert (part.name, part.tasks) == ("image", (Task.IMAGE_EMBEDDING,))


def test_a_task_that_the_model_does_not_do_is_refused(tmp_path: Path) -> None:
    source = write_model(tmp_path / "source", "bert-qa")
    with pytest.raises(ConversionError, match="BertForQuestionAnswering does not do token-classification"):
        inspect(source, tmp_path, Task.TOKEN_CLASSIFICATION)


def test_a_regression_is_a_reranker_only_where_that_is_said(tmp_path: Path) -> None:
    source = write_model(tmp_path / "source", "bert-rerank")
    change_json(source / "config.json", problem_type="regression")
    with pytest.raises(ConversionError, match="gives a number, not labels"):
        inspect(source, tmp_path / "unsaid")
    (asked,) = inspect(source, tmp_path / "asked", Task.RERANK).parts
    change_json(
        source / "config.json", sbert_ce_default_activation_function="torch.nn.modules.linear.Identity"
    )
    (saved,) = inspect(source, tmp_path / "saved").parts
    assert asked.head == RerankHead(output="logits", sigmoid=True)
    assert saved.head == RerankHead(output="logits", sigmoid=False)


def test_a_cross_encoder_of_another_activation_is_refused(tmp_path: Path) -> None:
    source = write_model(tmp_path / "source", "bert-rerank")
    change_json(source / "config.json", sentence_transformers={"activation_fn": "torch.nn.Tanh"})
    with pytest.raises(ConversionError, match="activation Tanh of the cross-encoder"):
        inspect(source, tmp_path)


@pytest.mark.parametrize(
    ("labels", "cause"),
    [
        ({"1": "calm", "2": "cross"}, "not numbered from 0 on"),
        ({"0": "calm", "1": "calm"}, "are the same"),
    ],
)
def test_labels_that_cannot_be_told_apart_are_refused(
    tmp_path: Path, labels: dict[str, str], cause: str
) -> None:
    source = write_model(tmp_path / "source", "bert-moods")
    change_json(source / "config.json", id2label=labels)
    with pytest.raises(ConversionError, match=cause):
        inspect(source, tmp_path)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"out": None}, "holds no preprocessor_config.json"),
        ({"do_resize": False}, "steps of the image processor ViTImageProcessorPil are not converted"),
        ({"size": {"height": 32, "width": 48}}, "steps of the image processor"),
        ({"resample": 5}, "steps of the image processor"),
        ({"image_processor_type": "NoSuchProcessor"}, "image processor cannot be loaded"),
    ],
)
def test_images_that_are_prepared_in_another_way_are_refused(
    tmp_path: Path, changes: dict[str, Any], cause: str
) -> None:
    source = write_model(tmp_path / "source", "vit")
    if "out" in changes:
        (source / "preprocessor_config.json").unlink()
    else:
        change_json(source / "preprocessor_config.json", **changes)
    with pytest.raises(ConversionError, match=cause):
        inspect(source, tmp_path)


def test_a_dense_layer_whose_weights_are_a_pickle_is_refused(tmp_path: Path) -> None:
    source = write_distiluse(tmp_path / "source")
    (source / "2_Dense/model.safetensors").rename(source / "2_Dense/pytorch_model.bin")
    with pytest.raises(ConversionError, match=r"no \.safetensors weights"):
        inspect(source, tmp_path)


def test_a_dense_layer_of_another_width_is_refused(tmp_path: Path) -> None:
    source = write_distiluse(tmp_path / "source")
    change_json(source / "2_Dense/config.json", in_features=31)
    with pytest.raises(ConversionError, match="takes 31 numbers, and gets 32"):
        inspect(source, tmp_path)
