"""Encoders of several families, tiny and with random weights."""

from pathlib import Path

import pytest
from converter_builds import write_model

from converters.engines import open_session
from model_repository import layout
from model_repository.manifest import decode
from model_repository.probe import difference, read_probe

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]  # whole builds, on a busy machine


@pytest.mark.parametrize(
    ("architecture", "max_length"),
    [
        ("roberta", 38),  # 40 positions, two of them taken by the padding row
        ("distilbert", 40),  # 64 positions, and a tokenizer that stops at 40
        ("mpnet", 38),
    ],
)
def test_it_is_converted(make_build, tmp_path: Path, architecture: str, max_length: int) -> None:
    source = write_model(tmp_path / "source", architecture)
    entry = make_build(f"file:{source}").run()
    manifest = decode((entry / layout.MANIFEST).read_bytes())
    assert manifest.tokenizer.max_length == max_length
    assert manifest.embedding.dimensions == 32
    assert not manifest.embedding.normalise
    assert max(case.length for case in manifest.parity.cases) == max_length
    assert manifest.parity.passed
    probe = read_probe((entry / layout.PROBE).read_bytes())
    answer = open_session(manifest.engine, entry / "1").run(probe.inputs, tuple(probe.expected))
    assert difference(answer, probe.expected, manifest.parity.thresholds) is None
