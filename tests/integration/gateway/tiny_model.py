"""A whole real model in a few kilobytes: a word tokenizer, and an ONNX graph that averages embedding rows."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tiny_graph import TinyGraph
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from model_repository.heads import EmbeddingHead, Pooling
from model_repository.manifest import Task, TensorSpec

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"w{number}" for number in range(200)))
DIMENSIONS = 8
MAX_LENGTH = 32


def table(seed: int) -> np.ndarray:
    """The embedding matrix, one row a word."""
    return np.random.default_rng(seed).normal(size=(len(WORDS), DIMENSIONS)).astype(np.float32)


def tokenizer() -> Tokenizer:
    ids = {word: position for position, word in enumerate(WORDS)}
    built = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    built.normalizer = normalizers.Lowercase()
    built.pre_tokenizer = pre_tokenizers.Whitespace()
    built.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])]
    )
    return built


def average(seed: int, words: int = len(WORDS)) -> TinyGraph:
    """The model whose embedding matrix is `table(seed)`; it fails on words behind the first so many."""
    ids = np.array([[2, 5, 3]], np.int64)
    return TinyGraph(
        onnx=_graph(seed, words).SerializeToString(),
        head=EmbeddingHead(
            output="sentence_embedding", dimensions=DIMENSIONS, pooling=Pooling.MEAN, normalise=False
        ),
        tasks=(Task.EMBEDDING,),
        inputs=(
            TensorSpec(name="input_ids", datatype="INT64", shape=(-1, -1)),
            TensorSpec(name="attention_mask", datatype="INT64", shape=(-1, -1)),
        ),
        outputs=(TensorSpec(name="sentence_embedding", datatype="FP32", shape=(-1, DIMENSIONS)),),
        sample={"input_ids": ids, "attention_mask": np.ones_like(ids)},
        tokenizer=tokenizer(),
        max_length=MAX_LENGTH,
    )


def expected(text: str, seed: int) -> np.ndarray:
    """The right vector by hand: mean over the tokens that the model sees."""
    words = text.lower().split()[: MAX_LENGTH - 2]
    ids = [2, *(WORDS.index(word) if word in WORDS else 1 for word in words), 3]
    return table(seed)[ids].mean(axis=0)


def _graph(seed: int, words: int) -> onnx.ModelProto:
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch", "length"])
    pooled = helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["batch", DIMENSIONS])
    axis = numpy_helper.from_array(np.array([2], np.int64), "axis")
    length = numpy_helper.from_array(np.array([1], np.int64), "length_axis")
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("Cast", ["attention_mask"], ["weights"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["weights", "axis"], ["column"]),
        helper.make_node("Mul", ["rows", "column"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "length_axis"], ["total"], keepdims=0),
        helper.make_node("ReduceSum", ["column", "length_axis"], ["count"], keepdims=0),
        helper.make_node("Div", ["total", "count"], ["sentence_embedding"]),
    ]
    constants = [numpy_helper.from_array(table(seed)[:words], "table"), axis, length]
    graph = helper.make_graph(nodes, "tiny", [ids, mask], [pooled], initializer=constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model
