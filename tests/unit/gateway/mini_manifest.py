"""A graph that nobody runs."""

from model_repository.heads import EmbeddingHead, Pooling
from model_repository.manifest import Engine, EngineSpec, Manifest, Precision, SourceRecord, Task

MANIFEST = Manifest(
    owner="global",
    name="mini",
    version=1,
    tasks=(Task.EMBEDDING,),
    source=SourceRecord(uri="file:mini", digest="", architecture=""),
    engine=EngineSpec(engine=Engine.ONNXRUNTIME, precision=Precision.FP32),
    inputs=(),
    outputs=(),
    max_batch_size=8,
    head=EmbeddingHead(output="o", dimensions=4, pooling=Pooling.MEAN, normalise=False),
    tokenizer=None,
    parity=None,
    candidates=(),
    tools={},
    created_at="",
)
