"""Things to deploy: entries that need no conversion, and a source that does."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from model_repository import layout
from model_repository.config import model_config, to_pbtxt
from model_repository.manifest import (
    EmbeddingSpec,
    Engine,
    EngineSpec,
    Manifest,
    ParityReport,
    ParityThresholds,
    Pooling,
    Precision,
    SourceRecord,
    Task,
    TensorSpec,
    TokenizerSpec,
    encode,
)
from model_repository.probe import write_probe

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"w{number}" for number in range(60)))
IDS = np.array([[2, 5, 3]], np.int64)
TABLE = np.random.default_rng(0).normal(size=(len(WORDS), 8)).astype(np.float32)


def write_entry(folder: Path, name: str, version: int, *, honest: bool = True) -> Manifest:
    """An entry that looks up a word; a dishonest one does not answer as its sample says."""
    manifest = _manifest(name, version)
    (folder / "tokenizer").mkdir(parents=True)
    (folder / str(manifest.version)).mkdir()
    _tokenizer().save(str(folder / layout.TOKENIZER))
    onnx.save(_graph(), str(folder / layout.model_path(manifest)))
    (folder / layout.CONFIG).write_text(to_pbtxt(model_config(manifest)))
    (folder / layout.MANIFEST).write_bytes(encode(manifest))
    right = TABLE[IDS[0]].sum(axis=0, keepdims=True)
    write_probe(folder / layout.PROBE, {"input_ids": IDS}, {"embedding": right if honest else -right})
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


def _graph() -> onnx.ModelProto:
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", TABLE.shape[1]])
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("ReduceSum", ["rows", "axis"], ["embedding"], keepdims=0),
    ]
    constants = [numpy_helper.from_array(TABLE, "table"), numpy_helper.from_array(np.array([1]), "axis")]
    model = helper.make_model(
        helper.make_graph(nodes, "tiny", [ids], [embedding], initializer=constants),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    model.ir_version = 8
    return model


def _manifest(name: str, version: int) -> Manifest:
    return Manifest(
        owner=layout.GLOBAL_OWNER,
        name=name,
        version=version,
        task=Task.EMBEDDING,
        source=SourceRecord(uri="file:tiny", digest="sha256:00", architecture="Tiny"),
        engine=EngineSpec(engine=Engine.ONNXRUNTIME, precision=Precision.FP32),
        inputs=(TensorSpec(name="input_ids", datatype="INT64", shape=(-1, -1)),),
        outputs=(TensorSpec(name="embedding", datatype="FP32", shape=(-1, TABLE.shape[1])),),
        max_batch_size=4,
        tokenizer=TokenizerSpec(path=layout.TOKENIZER, max_length=16, pad_id=0, pad_token="[PAD]"),
        embedding=EmbeddingSpec(
            output="embedding", dimensions=TABLE.shape[1], pooling=Pooling.MEAN, normalise=False
        ),
        parity=ParityReport(
            passed=True, thresholds=ParityThresholds(max_abs_diff=1e-4, min_cosine=0.999), cases=()
        ),
        candidates=(),
        tools={},
        created_at="2026-01-01T00:00:00Z",
    )
