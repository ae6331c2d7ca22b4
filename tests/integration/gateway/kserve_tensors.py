"""Tensors for `/v2`, the graphs that take them, and what is right."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import tritonclient.http.aio as triton
from onnx import TensorProto, helper
from tiny_graph import TinyGraph
from tiny_model import table
from tritonclient.utils import np_to_triton_dtype

from model_repository.heads import TensorHead
from model_repository.manifest import Task, TensorSpec

IDS = np.array([[2, 7, 9, 3], [2, 5, 3, 0]], np.int64)
MASK = np.array([[1, 1, 1, 1], [1, 1, 1, 0]], np.int64)
VECTOR = "sentence_embedding"


def right() -> np.ndarray:
    return np.array([table(1)[ids[mask == 1]].mean(0) for ids, mask in zip(IDS, MASK, strict=True)])


def doubled() -> TinyGraph:
    """Halves in, twice as much out, and whether each is above 1."""
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["half", "half"], ["twice"]),
            helper.make_node("Cast", ["half"], ["whole"], to=TensorProto.FLOAT),
            helper.make_node("Cast", ["one"], ["limit"], to=TensorProto.FLOAT),
            helper.make_node("Greater", ["whole", "limit"], ["large"]),
            helper.make_node("Log", ["whole"], ["log"]),
        ],
        "doubled",
        [helper.make_tensor_value_info("half", TensorProto.FLOAT16, ["n"])],
        [
            helper.make_tensor_value_info("twice", TensorProto.FLOAT16, ["n"]),
            helper.make_tensor_value_info("large", TensorProto.BOOL, ["n"]),
            helper.make_tensor_value_info("log", TensorProto.FLOAT, ["n"]),
        ],
        [helper.make_tensor("one", TensorProto.INT64, [1], [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    outputs = {"twice": "FP16", "large": "BOOL", "log": "FP32"}
    return TinyGraph(
        onnx=model.SerializeToString(),
        head=TensorHead(outputs=tuple(outputs)),
        tasks=(Task.CUSTOM,),
        inputs=(TensorSpec(name="half", datatype="FP16", shape=(-1,)),),
        outputs=tuple(TensorSpec(name=name, datatype=kind, shape=(-1,)) for name, kind in outputs.items()),
        sample={"half": np.array([0.5, 2.0], np.float16)},
        max_batch=0,
    )


def looked_up() -> TinyGraph:
    """Numbers by their places in a table of three."""
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "place"], ["number"])],
        "looked_up",
        [helper.make_tensor_value_info("place", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info("number", TensorProto.FLOAT, ["n"])],
        [helper.make_tensor("table", TensorProto.FLOAT, [3], [1.0, 2.0, 4.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return TinyGraph(
        onnx=model.SerializeToString(),
        head=TensorHead(outputs=("number",)),
        tasks=(Task.CUSTOM,),
        inputs=(TensorSpec(name="place", datatype="INT64", shape=(-1,)),),
        outputs=(TensorSpec(name="number", datatype="FP32", shape=(-1,)),),
        sample={"place": np.array([0, 2])},
        max_batch=0,
    )


def tensors(binary: bool = True, **arrays: np.ndarray) -> Iterator[triton.InferInput]:
    for name, array in arrays.items():
        tensor = triton.InferInput(name, array.shape, np_to_triton_dtype(array.dtype))
        tensor.set_data_from_numpy(array, binary_data=binary)
        yield tensor


def of_json(name: str, array: np.ndarray, datatype: str, **changes: Any) -> dict[str, Any]:
    tensor = {"name": name, "shape": list(array.shape), "datatype": datatype, "data": array.tolist()}
    return tensor | changes


def request(**changes: Any) -> dict[str, Any]:
    inputs = [of_json("input_ids", IDS, "INT64"), of_json("attention_mask", MASK, "INT64")]
    return {"inputs": inputs} | changes
