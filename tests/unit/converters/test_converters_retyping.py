"""Graphs in 16 bit, and their imitation in fp32."""

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from converters.tensorrt.retyping import retype
from model_repository.manifest import Precision

RNG = np.random.default_rng(0)
WEIGHTS = RNG.standard_normal((8, 4), np.float32)
X = RNG.standard_normal((3, 8), np.float32)


def product() -> onnx.ModelProto:
    """`softmax(x @ w)`: a product, and a sum that must keep its type."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])],
        [numpy_helper.from_array(WEIGHTS, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(model: onnx.ModelProto, x: np.ndarray = X) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(["y"], {"x": x})[0]


def expected(dtype: type) -> np.ndarray:
    """What 16 bits do to the product, by numpy."""
    rounded = X.astype(dtype).astype(np.float32) @ WEIGHTS.astype(dtype).astype(np.float32)
    scores = np.exp(rounded.astype(dtype).astype(np.float32))
    return scores / scores.sum(1, keepdims=True)


@pytest.mark.parametrize(
    ("precision", "dtype"), [(Precision.FP16, np.float16), (Precision.BF16, ml_dtypes.bfloat16)]
)
def test_an_imitation_rounds_exactly_where_the_typed_graph_would(precision: Precision, dtype: type) -> None:
    model = product()
    plain = run(model)
    retype(model, precision, imitate=True)
    onnx.checker.check_model(model, full_check=True)
    np.testing.assert_allclose(run(model), expected(dtype), rtol=1e-5)
    assert np.abs(run(model) - plain).max() > 1e-5


def test_a_typed_graph_multiplies_in_16_bit_and_keeps_all_other_types() -> None:
    model = product()
    retype(model, Precision.FP16, imitate=False)
    onnx.checker.check_model(model, full_check=True)
    types = {
        value.name: value.type.tensor_type.elem_type
        for value in onnx.shape_inference.infer_shapes(model).graph.value_info
    }
    (multiplied,) = (node for node in model.graph.node if node.op_type == "MatMul")
    assert {types.get(name, TensorProto.FLOAT16) for name in multiplied.input} == {TensorProto.FLOAT16}
    assert types["scores"] == TensorProto.FLOAT
    assert [tensor.data_type for tensor in model.graph.initializer] == [TensorProto.FLOAT16]
    np.testing.assert_allclose(run(model), expected(np.float16), atol=1e-3)


def test_what_fp16_cannot_hold_shows_in_the_imitation() -> None:
    model = product()
    retype(model, Precision.FP16, imitate=True)
    assert not np.isfinite(run(model, X * 1e5)).all()


def test_an_input_that_two_products_share_is_cast_once() -> None:
    model = product()
    model.graph.node.insert(1, helper.make_node("MatMul", ["x", "w"], ["other"]))
    model.graph.node[-1].op_type, model.graph.node[-1].input[:] = "Add", ["scores", "other"]
    retype(model, Precision.BF16, imitate=False)
    casts = [node.input[0] for node in model.graph.node if node.op_type == "Cast"]
    assert casts.count("x") == 1
    assert len(model.graph.initializer) == 1


def test_quantised_products_keep_their_type() -> None:
    model = product()
    model.graph.initializer.append(numpy_helper.from_array(np.float32(0.1), "scale"))
    model.graph.initializer.append(numpy_helper.from_array(np.int8(0), "zero"))
    pair = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["dq"]),
    ]
    for position, node in enumerate(pair):
        model.graph.node.insert(position, node)
    model.graph.node[2].input[0] = "dq"
    before = model.SerializeToString()
    retype(model, Precision.FP16, imitate=False)
    assert model.SerializeToString() == before
