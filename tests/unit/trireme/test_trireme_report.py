"""A model on paper."""

from datetime import UTC, datetime
from io import StringIO

import msgspec
import pytest
from rich.console import Console

from control_plane.errors import VersionNotFoundError
from control_plane.models.schemas import ModelSummary, VersionSummary
from control_plane.models.tables import VersionState
from model_repository.heads import EmbeddingHead, Pooling
from model_repository.manifest import (
    Candidate,
    Engine,
    EngineSpec,
    Manifest,
    Precision,
    SourceRecord,
    Task,
    decode,
    encode,
)
from model_repository.parity import ParityCase, ParityReport, ParityThresholds
from trireme.report import describe_model

CASE = ParityCase(batch=8, length=32, max_abs_diff=2e-5, min_cosine=0.999987, finite=True)
PASSED = ParityReport(
    passed=True, thresholds=ParityThresholds(max_abs_diff=1e-3, min_cosine=0.999), cases=(CASE,)
)
REFUSED = msgspec.structs.replace(PASSED, passed=False)


def engine(name: Engine, precision: Precision) -> EngineSpec:
    return EngineSpec(engine=name, precision=precision)


BF16 = engine(Engine.OPENVINO, Precision.BF16)
CANDIDATES = (
    Candidate(
        engine=BF16,
        texts_per_second=695.4,
        latency_ms=3.14,
        memory_mib=196.2,
        parity=PASSED,
        front=True,
        chosen=True,
    ),
    Candidate(
        engine=engine(Engine.ONNXRUNTIME, Precision.INT8),
        texts_per_second=525,
        latency_ms=2.5,
        memory_mib=80,
        parity=REFUSED,
    ),
    Candidate(
        engine=engine(Engine.OPENVINO, Precision.FP32), texts_per_second=300, latency_ms=6, memory_mib=197
    ),
    Candidate(
        engine=engine(Engine.ONNXRUNTIME, Precision.FP32),
        texts_per_second=256,
        latency_ms=5.9,
        memory_mib=175,
        parity=PASSED,
        front=True,
    ),
    Candidate(engine=engine(Engine.TENSORRT_RTX, Precision.FP16), error="sm75: no such operator"),
)
MANIFEST = Manifest(
    owner="global",
    name="mini",
    version=1,
    tasks=(Task.EMBEDDING,),
    head=EmbeddingHead(output="embedding", dimensions=4, pooling=Pooling.MEAN, normalise=False),
    source=SourceRecord(uri="file:x", digest="sha256:00", architecture="BertModel"),
    engine=BF16,
    inputs=(),
    outputs=(),
    max_batch_size=8,
    tokenizer=None,
    parity=PASSED,
    candidates=CANDIDATES,
    tools={},
    created_at="2026-01-01T00:00:00Z",
)
SUMMARY = ModelSummary(
    name="mini",
    owner="global",
    description="",
    tasks=(Task.EMBEDDING,),
    aliases={},
    build_status="success",
    build_message="",
    last_deployment=None,
    active_version=1,
    source="file:x",
)


def version(manifest: Manifest) -> VersionSummary:
    return VersionSummary(
        number=manifest.version,
        state=VersionState.ACTIVE,
        source="file:x",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        activated_at=None,
        manifests=(manifest,),
    )


def shown(manifest: Manifest, number: int | None = 1) -> list[str]:
    """Each line as a wide terminal shows it, with single spaces."""
    text = StringIO()
    describe_model(Console(file=text, width=80), SUMMARY, [version(manifest)], number)
    return [" ".join(line.split()) for line in text.getvalue().splitlines()]


def test_the_table_tells_figures_parity_front_and_choice() -> None:
    rows = shown(MANIFEST)
    assert "chosen openvino bf16 695 3.1 196 passed, cosine 0.999987" in rows
    assert "onnxruntime int8 525 2.5 80 refused, cosine 0.999987" in rows
    assert "openvino fp32 300 6.0 197 beaten in all figures" in rows
    assert "front onnxruntime fp32 256 5.9 175 passed, cosine 0.999987" in rows
    assert "tensorrt_rtx fp16 sm75: no such operator" in rows


def test_versions_of_older_builds_have_the_figures_that_they_have() -> None:
    new = {"latency_ms", "memory_mib", "front"}
    plain = msgspec.json.decode(encode(MANIFEST))
    for candidate in plain["candidates"]:
        for field in new:
            candidate.pop(field, None)
    rows = shown(decode(msgspec.json.encode(plain)))
    assert "chosen openvino bf16 695 passed, cosine 0.999987" in rows
    assert "openvino fp32 300 not verified" in rows


def test_a_version_that_never_was_is_an_error() -> None:
    with pytest.raises(VersionNotFoundError, match="no version 7"):
        shown(MANIFEST, 7)
    assert shown(MANIFEST, None)[-1] == "1 active openvino bf16"
