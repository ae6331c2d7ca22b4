"""Things to deploy: entries that need no conversion, and a source that does."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from model_repository import layout
from model_repository.config import model_config, to_pbtxt
from model_repository.heads import EmbeddingHead, Head, ImageEmbeddingHead, Pooling
from model_repository.manifest import (
    Engine,
    EngineSpec,
    Manifest,
    Precision,
    SourceRecord,
    Task,
    TensorSpec,
    TokenizerSpec,
    encode,
)
from model_repository.parity import ParityReport, ParityThresholds
from model_repository.probe import write_probe
from model_repository.tensors import Array

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"w{number}" for number in range(60)))
TABLE = np.random.default_rng(0).normal(size=(len(WORDS), 8)).astype(np.float32)


@dataclass(frozen=True)
class Graph:
    """A tiny graph with one input, and what it answers to one row."""

    nodes: Sequence[onnx.NodeProto]
    constants: dict[str, Array]
    input: TensorSpec
    sample: Array
    right: Array
    head: Head
    tasks: tuple[Task, ...]
    tokenizer: TokenizerSpec | None = None

    @property
    def output(self) -> TensorSpec:
        return TensorSpec(name="embedding", datatype="FP32", shape=(-1, self.right.shape[1]))

    def model(self) -> onnx.ModelProto:
        values = [
            helper.make_tensor_value_info(
                spec.name,
                TensorProto.INT64 if spec.datatype == "INT64" else TensorProto.FLOAT,
                [f"{spec.name}{axis}" if size == -1 else size for axis, size in enumerate(spec.shape)],
            )
            for spec in (self.input, self.output)
        ]
        constants = [numpy_helper.from_array(array, name) for name, array in self.constants.items()]
        graph = helper.make_graph(self.nodes, "tiny", values[:1], values[1:], initializer=constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


_IDS = np.array([[2, 5, 3]])
_PIXELS = np.arange(48, dtype=np.float32).reshape(1, 3, 4, 4)

TEXT = Graph(
    nodes=[
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("ReduceSum", ["rows", "axis"], ["embedding"], keepdims=0),
    ],
    constants={"table": TABLE, "axis": np.array([1])},
    input=TensorSpec(name="input_ids", datatype="INT64", shape=(-1, -1)),
    sample=_IDS,
    right=TABLE[_IDS].sum(axis=1),
    head=EmbeddingHead(output="embedding", dimensions=8, pooling=Pooling.MEAN, normalise=False),
    tasks=(Task.EMBEDDING,),
    tokenizer=TokenizerSpec(path=layout.TOKENIZER, max_length=16, pad_id=0, pad_token="[PAD]"),
)
"""Looks words up."""

IMAGE = Graph(
    nodes=[
        helper.make_node("GlobalAveragePool", ["pixel_values"], ["means"]),
        helper.make_node("Flatten", ["means"], ["embedding"]),
    ],
    constants={},
    input=TensorSpec(name="pixel_values", datatype="FP32", shape=(-1, 3, 4, 4)),
    sample=_PIXELS,
    right=_PIXELS.mean(axis=(2, 3)),
    head=ImageEmbeddingHead(output="embedding", dimensions=3, logit_scale=100.0),
    tasks=(Task.IMAGE_EMBEDDING, Task.IMAGE_CLASSIFICATION),
)
"""Averages the channels."""

PARTS = {"": TEXT, "text": TEXT, "image": IMAGE}


def write_entry(folder: Path, name: str, version: int, part: str = "", *, honest: bool = True) -> Manifest:
    """An entry of a version; a dishonest one does not answer as its sample says."""
    graph = PARTS[part]
    manifest = _manifest(name, version, part, graph)
    (folder / str(manifest.version)).mkdir(parents=True)
    if manifest.tokenizer is not None:
        (folder / "tokenizer").mkdir()
        _tokenizer().save(str(folder / layout.TOKENIZER))
    onnx.save(graph.model(), str(folder / layout.model_path(manifest)))
    (folder / layout.CONFIG).write_text(to_pbtxt(model_config(manifest)))
    (folder / layout.MANIFEST).write_bytes(encode(manifest))
    right = graph.right if honest else -graph.right
    write_probe(folder / layout.PROBE, {graph.input.name: graph.sample}, {graph.output.name: right})
    return manifest


def write_source(folder: Path) -> str:
    """A tiny BERT with random weights."""
    from transformers import BertConfig, BertModel  # noqa: PLC0415 - slow, and only few tests need it

    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=40, **sizes)).save_pretrained(folder)
    _tokenizer().save(str(folder / "tokenizer.json"))
    config = {"pad_token": "[PAD]", "model_max_length": 40, "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return f"file:{folder}"


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return tokenizer


def _manifest(name: str, version: int, part: str, graph: Graph) -> Manifest:
    return Manifest(
        owner=layout.GLOBAL_OWNER,
        name=name,
        version=version,
        part=part,
        tasks=graph.tasks,
        source=SourceRecord(uri="file:tiny", digest="sha256:00", architecture="Tiny"),
        engine=EngineSpec(engine=Engine.ONNXRUNTIME, precision=Precision.FP32),
        inputs=(graph.input,),
        outputs=(graph.output,),
        max_batch_size=4,
        tokenizer=graph.tokenizer,
        head=graph.head,
        parity=ParityReport(
            passed=True, thresholds=ParityThresholds(max_abs_diff=1e-4, min_cosine=0.999), cases=()
        ),
        candidates=(),
        tools={},
        created_at="2026-01-01T00:00:00Z",
    )
