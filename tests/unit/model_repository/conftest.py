"""A small manifest and a folder that fits it; no engine ever opens its graph."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model_repository import layout
from model_repository.config import model_config, to_pbtxt
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
    encode,
)
from model_repository.parity import ParityCase, ParityReport, ParityThresholds
from model_repository.probe import write_probe
from model_repository.storage import FolderStorage


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        owner="global",
        name="tiny",
        version=3,
        tasks=(Task.EMBEDDING,),
        source=SourceRecord(uri="file:tiny", digest="sha256:00", architecture="BertModel"),
        engine=EngineSpec(
            engine=Engine.ONNXRUNTIME, precision=Precision.FP32, options={"intra_op_thread_count": "2"}
        ),
        inputs=(TensorSpec(name="input_ids", datatype="INT64", shape=(-1, -1)),),
        outputs=(TensorSpec(name="sentence_embedding", datatype="FP32", shape=(-1, 4)),),
        max_batch_size=8,
        tokenizer=TokenizerSpec(path=layout.TOKENIZER, max_length=16, pad_id=0, pad_token="[PAD]"),
        head=EmbeddingHead(output="sentence_embedding", dimensions=4, pooling=Pooling.MEAN, normalise=False),
        parity=ParityReport(
            passed=True,
            thresholds=ParityThresholds(max_abs_diff=1e-4, min_cosine=0.9999),
            cases=(ParityCase(batch=1, length=7, max_abs_diff=1e-6, min_cosine=1.0, finite=True),),
        ),
        candidates=(),
        tools={"onnx": "1"},
        created_at="2026-01-01T00:00:00Z",
    )


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "repository")


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[[Manifest], Path]:
    """Writes everything that the manifest promises, as a build would."""

    def make(manifest: Manifest) -> Path:
        folder = tmp_path / "built" / manifest.entry
        graph = folder / layout.model_path(manifest)
        tokenizer = folder / layout.TOKENIZER
        for path in (graph, tokenizer):
            path.parent.mkdir(parents=True)
        graph.write_bytes(b"a graph")
        tokenizer.write_text("{}")
        (folder / layout.MANIFEST).write_bytes(encode(manifest))
        (folder / layout.CONFIG).write_text(to_pbtxt(model_config(manifest)))
        write_probe(
            folder / layout.PROBE,
            {"input_ids": np.array([[1, 2, 3]])},
            {"sentence_embedding": np.ones((1, 4), np.float32)},
        )
        return folder

    return make
