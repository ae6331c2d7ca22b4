"""Weights in int8 for OpenVINO."""

from pathlib import Path

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from converters.engines.weights import GROUP, quantise_weights
from converters.spec import ConversionError

ROWS, WIDTH, OUTPUTS = 5, 2 * GROUP, 24
RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(WIDTH, OUTPUTS)).astype(np.float32)
BATCH = RNG.normal(size=(ROWS, WIDTH)).astype(np.float32)


def product(*, transposed: bool, exported: bool = False) -> openvino.Model:
    """A product with weights; `exported` as some exporters write it, the transposition apart."""
    batch = ops.parameter([-1, WIDTH], np.float32, name="batch")
    stored = np.ascontiguousarray(WEIGHTS.T) if transposed else WEIGHTS
    weights: openvino.Node = ops.constant(stored)
    if exported:
        weights = ops.transpose(weights, ops.constant([1, 0]))
        transposed = not transposed
    return openvino.Model([ops.matmul(batch, weights, False, transposed)], [batch], "product")


def answer(model: openvino.Model | Path) -> np.ndarray:
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled({"batch": BATCH})[0]


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("exported", [False, True])
def test_products_stay_nearly_what_they_were(transposed: bool, exported: bool) -> None:
    model = product(transposed=transposed, exported=exported)
    quantise_weights(model)
    types = {node.get_element_type().to_string() for node in model.get_ops() if not node.inputs()}
    assert "i8" in types
    exact = BATCH @ WEIGHTS
    assert 0 < np.abs(answer(model) - exact).max() < 0.03 * np.abs(exact).max()


def test_each_output_has_a_scale_of_its_own() -> None:
    model = product(transposed=False)
    quantise_weights(model)
    (scaled,) = (node for node in model.get_ops() if node.get_type_name() == "Multiply")
    largest = np.abs(WEIGHTS).max(0)
    scale = scaled.input_value(1).get_node().get_data()
    assert scale[:, 0] == pytest.approx(largest / 127)


def test_files_tell_how_to_quantise_the_other_factor(tmp_path: Path) -> None:
    model = product(transposed=False)
    quantise_weights(model)
    openvino.save_model(model, tmp_path / "model.xml", compress_to_fp16=False)
    compiled = openvino.Core().compile_model(tmp_path / "model.xml", "CPU")
    assert compiled.get_property("DYNAMIC_QUANTIZATION_GROUP_SIZE") == GROUP


def test_weights_of_nothing_but_zeros_stay_zeros() -> None:
    batch = ops.parameter([-1, WIDTH], np.float32, name="batch")
    nothing = ops.constant(np.zeros((WIDTH, OUTPUTS), np.float32))
    model = openvino.Model([ops.matmul(batch, nothing, False, False)], [batch], "nothing")
    quantise_weights(model)
    assert not answer(model).any()


def test_a_graph_without_weights_is_refused() -> None:
    left, right = (ops.parameter([-1, 4], np.float32, name=name) for name in ("left", "right"))
    model = openvino.Model([ops.matmul(left, right, False, True)], [left, right], "attention")
    with pytest.raises(ConversionError, match="no weights"):
        quantise_weights(model)
