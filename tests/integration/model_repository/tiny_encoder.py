"""A tiny encoder that both engines and numpy compute."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from model_repository import layout
from model_repository.heads import EmbeddingHead, Pooling
from model_repository.manifest import (
    Engine,
    EngineSpec,
    Manifest,
    Precision,
    SourceRecord,
    Task,
    TensorSpec,
    TokenizerSpec,
)
from model_repository.parity import ParityCase, ParityReport, ParityThresholds
from model_repository.tensors import Array

VOCABULARY, DIMENSIONS = 100, 64
TABLE = np.random.default_rng(0).standard_normal((VOCABULARY, DIMENSIONS)).astype(np.float32)
DENSE = np.random.default_rng(1).standard_normal((DIMENSIONS, DIMENSIONS)).astype(np.float32) / 8


def reference(inputs: dict[str, Array]) -> NDArray[np.float32]:
    """What the tiny model computes: looked-up rows through one dense layer, averaged over unmasked tokens."""
    hidden = TABLE[inputs["input_ids"]] @ DENSE
    mask = inputs["attention_mask"][..., None].astype(np.float32)
    pooled: NDArray[np.float32] = (hidden * mask).sum(1) / mask.sum(1)
    return pooled


def sample(batch: int, length: int, seed: int = 0) -> dict[str, Array]:
    """Inputs with padded rows."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, length + 1, (batch, 1))
    return {
        "input_ids": random.integers(0, VOCABULARY, (batch, length)),
        "attention_mask": (np.arange(length) < lengths).astype(np.int64),
    }


def graph() -> onnx.ModelProto:
    """The tiny model."""
    weights = {"table": TABLE, "dense": DENSE, "one": np.array([1]), "two": np.array([2])}
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("MatMul", ["rows", "dense"], ["last_hidden_state"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "two"], ["column"]),
        helper.make_node("Mul", ["last_hidden_state", "column"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "one"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["column", "one"], ["count"], keepdims=0),
        helper.make_node("Div", ["sum", "count"], ["sentence_embedding"]),
    ]
    value = helper.make_tensor_value_info
    model = helper.make_graph(
        nodes,
        "tiny",
        [value(name, TensorProto.INT64, ["batch", "length"]) for name in ("input_ids", "attention_mask")],
        [
            value("last_hidden_state", TensorProto.FLOAT, ["batch", "length", DIMENSIONS]),
            value("sentence_embedding", TensorProto.FLOAT, ["batch", DIMENSIONS]),
        ],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(model, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def packed_graph() -> onnx.ModelProto:
    """The tiny model for packed texts; see `converters.families.packed`."""
    weights = {"table": TABLE, "dense": DENSE, "all": np.array([-1]), "one": np.array([1])}
    weights |= {"tokens": np.array([-1, DIMENSIONS])}
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("MatMul", ["rows", "dense"], ["last_hidden_state"]),
        helper.make_node("Reshape", ["segments", "all"], ["places"]),
        helper.make_node("Gather", ["places", "first_tokens"], ["texts"]),
        helper.make_node("Unsqueeze", ["texts", "one"], ["column"]),
        helper.make_node("Equal", ["column", "places"], ["same"]),
        helper.make_node("Cast", ["same"], ["members"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["last_hidden_state", "tokens"], ["hidden"]),
        helper.make_node("MatMul", ["members", "hidden"], ["sum"]),
        helper.make_node("ReduceSum", ["members", "one"], ["count"], keepdims=1),
        helper.make_node("Div", ["sum", "count"], ["sentence_embedding"]),
    ]
    value = helper.make_tensor_value_info
    model = helper.make_graph(
        nodes,
        "tiny",
        [
            *(value(name, TensorProto.INT64, ["rows", "width"]) for name in ("input_ids", "segments")),
            value("first_tokens", TensorProto.INT64, ["texts"]),
        ],
        [
            value("last_hidden_state", TensorProto.FLOAT, ["rows", "width", DIMENSIONS]),
            value("sentence_embedding", TensorProto.FLOAT, ["texts", DIMENSIONS]),
        ],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(model, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def make_manifest(engine: Engine, precision: Precision = Precision.FP32, name: str = "tiny") -> Manifest:
    threads = "intra_op_thread_count" if engine is Engine.ONNXRUNTIME else "INFERENCE_NUM_THREADS"
    return Manifest(
        owner="global",
        name=name,
        version=1,
        tasks=(Task.EMBEDDING,),
        source=SourceRecord(uri="file:tiny", digest="sha256:00", architecture="Tiny"),
        engine=EngineSpec(engine=engine, precision=precision, options={threads: "1"}),
        inputs=(
            TensorSpec(name="input_ids", datatype="INT64", shape=(-1, -1)),
            TensorSpec(name="attention_mask", datatype="INT64", shape=(-1, -1)),
        ),
        outputs=(
            TensorSpec(name="last_hidden_state", datatype="FP32", shape=(-1, -1, DIMENSIONS)),
            TensorSpec(name="sentence_embedding", datatype="FP32", shape=(-1, DIMENSIONS)),
        ),
        max_batch_size=16,
        tokenizer=TokenizerSpec(path=layout.TOKENIZER, max_length=32, pad_id=0, pad_token="[PAD]"),
        head=EmbeddingHead(
            output="sentence_embedding", dimensions=DIMENSIONS, pooling=Pooling.MEAN, normalise=False
        ),
        parity=ParityReport(
            passed=True,
            thresholds=ParityThresholds(max_abs_diff=1e-4, min_cosine=0.9999),
            cases=(ParityCase(batch=1, length=7, max_abs_diff=1e-6, min_cosine=1.0, finite=True),),
        ),
        candidates=(),
        tools={},
        created_at="2026-01-01T00:00:00Z",
    )
