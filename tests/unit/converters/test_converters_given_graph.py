"""Given graphs whose weights lie in files: only in those beside the graph, wherever the tensor stands."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from converters.given.graph import read_graph
from converters.spec import ConversionError

OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]


def outside(location: str, **more: str) -> onnx.TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, "offset": "0", "length": "16", **more}.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def save(folder: Path, *nodes: onnx.NodeProto, **more: object) -> Path:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in "xy"]
    functions = more.pop("functions", [])
    graph = helper.make_graph(nodes, "given", values[:1], values[1:], **more)
    path = folder / "model.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=OPSETS, functions=functions).SerializeToString())
    return path


ADD = helper.make_node("Add", ["x", "w"], ["y"])


def constant(tensor: onnx.TensorProto | onnx.SparseTensorProto) -> onnx.NodeProto:
    node = helper.make_node("Constant", [], ["w"])
    attribute = node.attribute.add()
    if isinstance(tensor, TensorProto):
        attribute.name, attribute.type = "value", onnx.AttributeProto.TENSOR
        attribute.t.CopyFrom(tensor)
    else:
        attribute.name, attribute.type = "sparse_value", onnx.AttributeProto.SPARSE_TENSOR
        attribute.sparse_tensor.CopyFrom(tensor)
    return node


def sparse(tensor: onnx.TensorProto) -> onnx.SparseTensorProto:
    return onnx.SparseTensorProto(
        values=tensor, indices=numpy_helper.from_array(np.arange(4), "indices"), dims=[4]
    )


def in_function(folder: Path, tensor: onnx.TensorProto) -> Path:
    body = [constant(tensor), helper.make_node("Add", ["a", "w"], ["b"])]
    function = helper.make_function("own", "F", ["a"], ["b"], body, OPSETS[:1])
    return save(folder, helper.make_node("F", ["x"], ["y"], domain="own"), functions=[function])


PLACES: dict[str, Callable[[Path, onnx.TensorProto], Path]] = {
    "weights": lambda folder, tensor: save(folder, ADD, initializer=[tensor]),
    "sparse weights": lambda folder, tensor: save(folder, ADD, sparse_initializer=[sparse(tensor)]),
    "constant": lambda folder, tensor: save(folder, constant(tensor), ADD),
    "sparse constant": lambda folder, tensor: save(folder, constant(sparse(tensor)), ADD),
    "function": in_function,
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("location", ["../w.data", "/etc/passwd", "", "a\0b"])
def test_weights_lie_beside_the_graph(
    tmp_path: Path, place: Callable[[Path, onnx.TensorProto], Path], location: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in (tmp_path, folder):
        np.zeros(4, np.float32).tofile(file / "w.data")
    read_graph(place(folder, outside("w.data")))
    with pytest.raises(ConversionError, match=r"the weights w lie in .* no file of the model's own folder"):
        read_graph(place(folder, outside(location)))


@pytest.mark.parametrize("wrong", [{"offset": "-8"}, {"length": "long"}])
def test_files_that_nobody_can_cut_are_told(tmp_path: Path, wrong: dict[str, str]) -> None:
    path = save(tmp_path, ADD, initializer=[outside("w.data", **wrong)])
    with pytest.raises(ConversionError, match=r"model.onnx does not say where its weights w lie"):
        read_graph(path)
