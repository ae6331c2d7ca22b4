"""Adds to a graph what makes one vector of the vectors of a text's tokens."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

from model_repository.heads import EmbeddingHead, Pooling


def add_pooling(model: onnx.ModelProto, hidden: str, head: EmbeddingHead) -> None:
    """Add the head's output; only operators that mean the same in every version of ONNX are used."""
    pooled = _cls(model, hidden) if head.pooling is Pooling.CLS else _mean(model, hidden, head.dimensions)
    last = "LpNormalization" if head.normalise else "Identity"
    options = {"axis": 1, "p": 2} if head.normalise else {}
    model.graph.node.append(helper.make_node(last, [pooled], [head.output], **options))
    shape = ["batch", head.dimensions]
    model.graph.output.append(helper.make_tensor_value_info(head.output, onnx.TensorProto.FLOAT, shape))


def _cls(model: onnx.ModelProto, hidden: str) -> str:
    first = _constant(model, "first", 0)
    return _node(model, "Gather", hidden, first, axis=1)


def _mean(model: onnx.ModelProto, hidden: str, width: int) -> str:
    """Sum over the tokens as a product of matrices, divided by their number."""
    mask = _node(model, "Cast", "attention_mask", to=onnx.TensorProto.FLOAT)
    row = _node(model, "Reshape", mask, _constant(model, "row", [0, 1, -1]))
    column = _node(model, "Reshape", mask, _constant(model, "column", [0, -1, 1]))
    total = _node(model, "MatMul", row, hidden)
    number = _node(model, "MatMul", row, column)
    mean = _node(model, "Div", total, number)
    return _node(model, "Reshape", mean, _constant(model, "flat", [0, width]))


def _node(model: onnx.ModelProto, kind: str, *inputs: str, **options: int) -> str:
    name = f"trireme_{kind.lower()}_{len(model.graph.node)}"
    model.graph.node.append(helper.make_node(kind, list(inputs), [name], **options))
    return name


def _constant(model: onnx.ModelProto, name: str, value: list[int] | int) -> str:
    name = f"trireme_{name}"
    model.graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), name))
    return name
