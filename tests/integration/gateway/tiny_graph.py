"""A graph with all that its repository entry needs, small enough to be made in a test."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from model_repository import layout
from model_repository.config import model_config, to_pbtxt
from model_repository.heads import Head, ImageSpec
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

MAX_BATCH = 8


@dataclass(frozen=True)
class TinyGraph:
    """What a build would have made.

    Attributes:
        onnx: the graph itself, serialised.
        sample: inputs without padding, by name.

    """

    onnx: bytes
    head: Head
    tasks: tuple[Task, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    sample: dict[str, np.ndarray]
    tokenizer: Tokenizer | None = None
    max_length: int = 32
    image: ImageSpec | None = None
    part: str = ""
    max_batch: int = MAX_BATCH

    def manifest(self, owner: str, name: str, version: int) -> Manifest:
        spec = None
        if self.tokenizer is not None:
            spec = TokenizerSpec(
                path=layout.TOKENIZER, max_length=self.max_length, pad_id=0, pad_token="[PAD]"
            )
        return Manifest(
            owner=owner,
            name=name,
            version=version,
            part=self.part,
            tasks=self.tasks,
            head=self.head,
            source=SourceRecord(uri="file:tiny", digest="sha256:0", architecture="Tiny"),
            engine=EngineSpec(
                engine=Engine.ONNXRUNTIME,
                precision=Precision.FP32,
                options={"intra_op_thread_count": "1"},
            ),
            inputs=self.inputs,
            outputs=self.outputs,
            max_batch_size=self.max_batch,
            tokenizer=spec,
            image=self.image,
            parity=ParityReport(
                passed=True, thresholds=ParityThresholds(max_abs_diff=1e-3, min_cosine=0.999), cases=()
            ),
            candidates=(),
            tools={},
            created_at="2026-01-01T00:00:00Z",
        )

    def write(self, folder: Path, described: Manifest) -> Path:
        """Files of an entry, ready to be published."""
        (folder / str(described.version)).mkdir(parents=True)
        (folder / layout.model_path(described)).write_bytes(self.onnx)
        if self.tokenizer is not None:
            (folder / "tokenizer").mkdir()
            self.tokenizer.save(str(folder / layout.TOKENIZER))
        (folder / layout.CONFIG).write_text(to_pbtxt(model_config(described)))
        (folder / layout.MANIFEST).write_bytes(encode(described))
        names = [spec.name for spec in self.outputs]
        session = onnxruntime.InferenceSession(self.onnx, providers=["CPUExecutionProvider"])
        right = dict(zip(names, session.run(names, self.sample), strict=True))
        write_probe(folder / layout.PROBE, self.sample, right)
        return folder
