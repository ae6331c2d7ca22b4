"""ONNX graphs of plain numbers: declared tensors against the graph's own, and the way to an entry."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from converter_builds import Build, manifest_of, spec_of
from given_graphs import hidden_states, weighted

from converters.spec import ConversionError, Stage
from model_repository.heads import TensorHead
from model_repository.layout import PROBE
from model_repository.manifest import Manifest, Task, TensorSpec
from model_repository.probe import read_probe

pytestmark = pytest.mark.integration

X = {"name": "x", "datatype": "FP32", "shape": [-1, 4]}
SCALE = {"name": "scale", "datatype": "FP32", "shape": [1]}
Y = {"name": "y", "datatype": "FP32", "shape": [-1, 1]}


def tensors(*inputs: dict[str, Any], outputs: tuple[dict[str, Any], ...] = (Y,)) -> dict[str, Any]:
    return {"tensors": {"inputs": inputs, "outputs": outputs}}


def build_of(tmp_path: Path, graph: onnx.ModelProto, config: dict[str, Any] | None) -> Build:
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("any.onnx", graph.SerializeToString())
        if config is not None:
            file.writestr("config.json", json.dumps(config))
    return Build(spec_of("upload:1", archive=str(archive)), tmp_path / "workspace")


def convert(tmp_path: Path, graph: onnx.ModelProto, config: dict[str, Any] | None) -> tuple[Manifest, Path]:
    (entry,) = build_of(tmp_path, graph, config).run_here()
    return manifest_of(entry), entry


def refusal(tmp_path: Path, graph: onnx.ModelProto, config: dict[str, Any] | None) -> str:
    with pytest.raises(ConversionError) as caught:
        build_of(tmp_path, graph, config).run_here(Stage.FETCH, Stage.INSPECT)
    return f"{caught.value.message}: {caught.value.hint}"


def test_declared_tensors_narrow_the_graphs_own(tmp_path: Path) -> None:
    config = {"tasks": ["custom"], **tensors(X | {"shape": [2, 4]}, SCALE)}
    manifest, entry = convert(tmp_path, weighted(), config)
    assert (manifest.tasks, manifest.max_batch_size) == ((Task.CUSTOM,), 0)
    assert manifest.head == TensorHead(outputs=("y",))
    assert manifest.inputs[0] == TensorSpec(name="x", datatype="FP32", shape=(2, 4))
    assert manifest.parity is not None
    assert manifest.parity.passed
    assert {str(one.engine.engine) for one in manifest.candidates} == {"onnxruntime", "openvino"}
    probe = read_probe((entry / PROBE).read_bytes())
    right = (probe.inputs["x"] * probe.inputs["scale"]).sum(1, keepdims=True)
    np.testing.assert_allclose(probe.expected["y"], right, atol=1e-5)


def test_a_graph_without_a_word_about_it(tmp_path: Path) -> None:
    manifest, _ = convert(tmp_path, weighted(), None)
    assert manifest.outputs == (
        TensorSpec(name="y", datatype="FP32", shape=(-1, 1)),
        TensorSpec(name="best", datatype="INT64", shape=(-1,)),
    )


def test_declared_ids_need_no_tokenizer(tmp_path: Path) -> None:
    ids = [{"name": name, "datatype": "INT64", "shape": [-1, -1]} for name in ("input_ids", "attention_mask")]
    states = {"name": "last_hidden_state", "datatype": "FP32", "shape": [-1, -1, 8]}
    manifest, _ = convert(tmp_path, hidden_states(), tensors(*ids, outputs=(states,)))
    assert manifest.parity is not None
    assert {(case.batch, case.length) for case in manifest.parity.cases} >= {(3, 7), (8, 32)}


@pytest.mark.parametrize(
    ("config", "cause"),
    [
        (tensors(X), "config.json lacks the input scale of the graph"),
        (tensors(X, X, SCALE), "declares an input twice"),
        (tensors(X, SCALE, {**X, "name": "z"}), "the graph has no input z: It has x, scale"),
        (tensors(X | {"datatype": "INT8"}, SCALE), "the input x is FP32, and config.json says INT8"),
        (tensors(X | {"shape": [-1, 5]}, SCALE), "the input x has the shape [-1, 4], and config.json says"),
        (tensors(X | {"shape": [-1, 4, 1]}, SCALE), "Declare [-1, 4]"),
        (tensors(X | {"shape": [0, 4]}, SCALE), "the input x is declared with the shape [0, 4]"),
        (tensors(X, SCALE, outputs=()), "takes or gives nothing"),
        (tensors({"name": "x", "shape": [-1, 4]}, SCALE), "missing required field `datatype`"),
        ({"tasks": ["qa"]}, "the graph does custom, and config.json declares qa"),
    ],
)
def test_what_does_not_agree(tmp_path: Path, config: dict[str, Any], cause: str) -> None:
    assert cause in refusal(tmp_path, weighted(), config)


def test_a_graph_that_says_too_little(tmp_path: Path) -> None:
    graph = weighted()
    graph.graph.input[0].type.tensor_type.ClearField("shape")
    assert "does not say the shape of x" in refusal(tmp_path, graph, None)
    manifest, _ = convert(tmp_path, graph, tensors(X, SCALE))
    assert manifest.inputs[0].shape == (-1, 4)


def test_strings_are_no_numbers(tmp_path: Path) -> None:
    graph = weighted()
    graph.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.STRING
    assert "x is no tensor of numbers" in refusal(tmp_path, graph, None)
