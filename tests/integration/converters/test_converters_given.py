"""Models that come as ONNX graphs: what they are told to mean, and that they still mean it."""

import json
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from converter_builds import Build, manifest_of, spec_of
from given_graphs import WIDTH, hidden_states, logits, table, write_given
from onnx import helper

from converters.spec import ConversionError, Stage
from model_repository.heads import ClassificationHead, EmbeddingHead, EntailmentHead, Pooling, RerankHead
from model_repository.layout import PROBE
from model_repository.manifest import Manifest, Task
from model_repository.probe import read_probe

pytestmark = pytest.mark.integration


def build_of(source: Path, tmp_path: Path) -> Build:
    """A build of a folder as its author zips it."""
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in source.rglob("*"):
            file.write(path, Path("top") / path.relative_to(source))
    return Build(spec_of("upload:1", archive=str(archive)), tmp_path / "workspace")


def convert(source: Path, tmp_path: Path) -> tuple[Manifest, Path]:
    (entry,) = build_of(source, tmp_path).run_here()
    return manifest_of(entry), entry


def refusal(source: Path, tmp_path: Path) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        build_of(source, tmp_path).run_here(Stage.FETCH, Stage.INSPECT)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("file", ["model.onnx", "onnx/model.onnx", "any.onnx"])
def test_vectors_of_tokens_are_averaged(tmp_path: Path, file: str) -> None:
    source = write_given(tmp_path / "source", hidden_states(), file=file)
    manifest, entry = convert(source, tmp_path)
    assert manifest.tasks == (Task.EMBEDDING,)
    assert isinstance(manifest.head, EmbeddingHead)
    assert (manifest.head.dimensions, manifest.head.pooling) == (WIDTH, Pooling.MEAN)
    assert manifest.head.matryoshka is None
    assert manifest.tokenizer is not None
    assert (manifest.tokenizer.max_length, manifest.tokenizer.pad_id) == (24, 0)
    assert manifest.parity.passed
    probe = read_probe((entry / PROBE).read_bytes())
    inputs, expected = probe.inputs, probe.expected
    rows = [table()[ids[mask == 1]].mean(0) for ids, mask in zip(*inputs.values(), strict=True)]
    np.testing.assert_allclose(expected[manifest.head.output], rows, atol=1e-5)


def test_a_pipeline_beside_the_graph_counts(tmp_path: Path) -> None:
    source = write_given(tmp_path / "source", hidden_states("token_embeddings"))
    kinds = ("Transformer", "Pooling", "Normalize")
    modules = [
        {"path": f"{number}_{kind}" if number else "", "type": f"sentence_transformers.models.{kind}"}
        for number, kind in enumerate(kinds)
    ]
    (source / "modules.json").write_text(json.dumps(modules))
    (source / "1_Pooling").mkdir()
    (source / "1_Pooling/config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    manifest, entry = convert(source, tmp_path)
    assert isinstance(manifest.head, EmbeddingHead)
    assert (manifest.head.pooling, manifest.head.normalise) == (Pooling.CLS, True)
    probe = read_probe((entry / PROBE).read_bytes())
    inputs, expected = probe.inputs, probe.expected
    first = table()[inputs["input_ids"][:, 0]]
    right = first / np.linalg.norm(first, axis=1, keepdims=True)
    np.testing.assert_allclose(expected[manifest.head.output], right, atol=1e-5)


def test_logits_with_labels_classify(tmp_path: Path) -> None:
    source = write_given(tmp_path / "source", logits(3), id2label={"0": "a", "1": "b", "2": "c"})
    manifest, _ = convert(source, tmp_path)
    assert manifest.head == ClassificationHead(output="logits", labels=("a", "b", "c"))


def test_labels_of_inference_take_pairs(tmp_path: Path) -> None:
    labels = {"0": "contradiction", "1": "neutral", "2": "entailment"}
    source = write_given(tmp_path / "source", logits(3), id2label=labels)
    manifest, _ = convert(source, tmp_path)
    assert manifest.head == EntailmentHead(output="logits", entailment=2, contradiction=0)


@pytest.mark.parametrize("named", [{}, {"id2label": {"0": "LABEL_0"}}], ids=["bare", "described"])
def test_a_single_logit_is_a_score_of_pairs(tmp_path: Path, named: dict[str, object]) -> None:
    manifest, entry = convert(write_given(tmp_path / "source", logits(1), **named), tmp_path)
    assert manifest.tasks == (Task.RERANK,)
    assert manifest.head == RerankHead(output="logits", sigmoid=True)
    probe = read_probe((entry / PROBE).read_bytes())
    ids, mask = probe.inputs["input_ids"], probe.inputs["attention_mask"]
    assert (ids[:, 0] == 2).all()
    assert ((ids == 3).sum(1) == 2).all()  # two texts, a separator behind each
    right = (table(1)[ids] * mask[..., None]).sum(1)
    np.testing.assert_allclose(probe.expected["logits"], right, atol=1e-5)


def external(location: str) -> onnx.ModelProto:
    model = hidden_states()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return model


@pytest.mark.parametrize("location", ["/etc/passwd", "../outside.data", "missing.data"])
def test_weights_outside_of_the_folder_are_refused(tmp_path: Path, location: str) -> None:
    source = write_given(tmp_path / "source", hidden_states())
    (source / "model.onnx").write_bytes(external(location).SerializeToString())
    assert "which is no file of the model's own folder" in refusal(source, tmp_path).message


def test_weights_beside_the_graph_are_read(tmp_path: Path) -> None:
    source = write_given(tmp_path / "source", hidden_states())
    (source / "model.onnx").write_bytes(external("weights.data").SerializeToString())
    (source / "weights.data").write_bytes(table().tobytes())
    assert convert(source, tmp_path)[0].parity.passed


def test_operators_of_somebodys_own_are_refused(tmp_path: Path) -> None:
    model = hidden_states()
    model.graph.node.append(helper.make_node("Trick", ["input_ids"], ["odd"], domain="my.ops"))
    source = write_given(tmp_path / "source", model)
    assert "the operator Trick of my.ops" in refusal(source, tmp_path).message


def test_what_cannot_be_served_is_told(tmp_path: Path) -> None:
    for number, (change, cause) in enumerate(
        {
            "no labels": "config.json has 0 labels",
            "other labels": "has 3 columns, and config.json has 2 labels",
            "number": "regression is not converted",
            "no tokenizer": "no tokenizer.json beside model.onnx",
            "two graphs": "holds 2 graphs",
            "fixed": "has a fixed size",
            "other input": "the graph takes pixel_values",
            "garbage": "is no ONNX graph",
            "nothing": "the source holds no model",
        }.items()
    ):
        place = tmp_path / str(number)
        model = logits(1 if change == "number" else 3)
        labels = {"other labels": ("a", "b"), "number": ("a",)}.get(change, ("a", "b", "c"))
        config = {} if change == "no labels" else {"id2label": dict(enumerate(labels))}
        if change == "number":
            config["problem_type"] = "regression"
        if change == "fixed":
            model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
        if change == "other input":
            model.graph.input[0].name = "pixel_values"
        source = write_given(place / "source", model, **config)
        if change == "no tokenizer":
            (source / "tokenizer.json").unlink()
        if change == "two graphs":
            (source / "model.onnx").rename(source / "a.onnx")
            (source / "b.onnx").write_bytes((source / "a.onnx").read_bytes())
        if change == "garbage":
            (source / "model.onnx").write_bytes(b"\xff" * 50)
        if change == "nothing":
            (source / "model.onnx").unlink()
            (source / "config.json").unlink()
        assert cause in refusal(source, place).message
