"""Tiny ONNX models as authors hand them over: a folder with a graph and a tokenizer."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"w{number}" for number in range(60)))
WIDTH = 8


def table(width: int = WIDTH) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(len(WORDS), width)).astype(np.float32)


def write_given(folder: Path, graph: onnx.ModelProto, *, file: str = "model.onnx", **config: object) -> Path:
    """A folder with the graph, a tokenizer, and `config.json` where there is something to say."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(graph, path)
    ids = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
    tokenizer.enable_truncation(24)
    tokenizer.save(str(folder / "tokenizer.json"))
    if config:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def hidden_states(output: str = "last_hidden_state") -> onnx.ModelProto:
    """One vector a token, looked up."""
    return _model(
        [helper.make_node("Gather", ["table", "input_ids"], [output])],
        {"table": table()},
        {output: ["batch", "length", WIDTH]},
    )


def logits(columns: int, *, inputs: tuple[str, ...] = ("input_ids", "attention_mask")) -> onnx.ModelProto:
    """Sum of the tokens' rows, padding left out."""
    return _model(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "axis_2"], ["column"]),
            helper.make_node("Mul", ["rows", "column"], ["kept"]),
            helper.make_node("ReduceSum", ["kept", "axis_1"], ["logits"], keepdims=0),
        ],
        {"table": table(columns), "axis_1": np.array([1]), "axis_2": np.array([2])},
        {"logits": ["batch", columns]},
        inputs,
    )


def weighted() -> onnx.ModelProto:
    """`y` is the sum of a row of `x` times `scale`; `best` is the column of the row's largest number."""
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["x", "scale"], ["scaled"]),
            helper.make_node("ReduceSum", ["scaled", "axis"], ["y"], keepdims=1),
            helper.make_node("ArgMax", ["scaled"], ["best"], axis=1, keepdims=0),
        ],
        "weighted",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4]),
            helper.make_tensor_value_info("scale", TensorProto.FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1]),
            helper.make_tensor_value_info("best", TensorProto.INT64, ["n"]),
        ],
        [numpy_helper.from_array(np.array([1]), "axis")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _model(
    nodes: list[onnx.NodeProto],
    constants: dict[str, np.ndarray],
    outputs: dict[str, list[str | int]],
    inputs: tuple[str, ...] = ("input_ids", "attention_mask"),
    axes: tuple[str | int, str | int] = ("b", "s"),
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "given",
        [helper.make_tensor_value_info(name, TensorProto.INT64, list(axes)) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
