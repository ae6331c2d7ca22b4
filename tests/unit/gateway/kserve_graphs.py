"""Manifests of graphs that take whatever a test says."""

from model_repository.heads import TensorHead
from model_repository.manifest import (
    Engine,
    EngineSpec,
    Manifest,
    Precision,
    SourceRecord,
    Task,
    TensorSpec,
)


def graph(
    *inputs: TensorSpec, version: int = 3, part: str = "", engine: Engine = Engine.ONNXRUNTIME
) -> Manifest:
    return Manifest(
        owner="global",
        name="echo",
        version=version,
        part=part,
        tasks=(Task.CUSTOM,),
        head=TensorHead(outputs=("out", "other")),
        source=SourceRecord(uri="file:echo", digest="sha256:0", architecture="Echo"),
        engine=EngineSpec(engine=engine, precision=Precision.FP32),
        inputs=inputs,
        outputs=tuple(TensorSpec(name=name, datatype="FP32", shape=(-1,)) for name in ("out", "other")),
        max_batch_size=0,
        tokenizer=None,
        parity=None,
        candidates=(),
        tools={},
        created_at="2026-01-01T00:00:00Z",
    )
