"""The parity gate against candidates that were damaged on purpose."""

import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import onnx
import pytest
from converter_builds import Build, manifest_of
from numpy.typing import NDArray
from onnx import numpy_helper

from converters.choosing import is_beaten
from converters.results import Compiled, Verified
from converters.spec import ConversionError, Stage
from converters.workspace import Workspace
from model_repository.manifest import Candidate, Engine

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]  # whole builds, on a busy machine

Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def perturb(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    return weights + np.float32(0.1) * np.random.default_rng(0).standard_normal(weights.shape, np.float32)


def poison(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.full_like(weights, np.nan)


@pytest.fixture(params=["tiny", "reader"])
def at_gate(request: pytest.FixtureRequest, tmp_path: Path) -> Build:
    """A finished build as it was before the gate: of a model that gives vectors, and of one that decides."""
    build = request.getfixturevalue(request.param)
    shutil.copytree(build.workspace, tmp_path / "workspace")
    return Build(build.spec, tmp_path / "workspace")


def pass_gate(build: Build) -> tuple[Path, tuple[Candidate, ...]]:
    (entry,) = build.run_here(Stage.VERIFY, Stage.PACKAGE)
    return entry, Workspace(build.workspace).result(Stage.VERIFY, Verified).parts[""].candidates


def damage(build: Build, candidate: Candidate, change: Change) -> None:
    """Change a candidate's weights as if its engine's conversion had gone wrong."""
    workspace = Workspace(build.workspace)
    compiled = workspace.result(Stage.COMPILE, Compiled)
    name = next(one.folder for one in compiled.parts[""] if one.engine == candidate.engine)
    folder = workspace.folder(Stage.COMPILE) / "whole" / name
    if (folder / "model.xml").exists():
        content = bytearray((folder / "model.bin").read_bytes())
        for data in ET.parse(folder / "model.xml").iterfind(".//layer[@type='Const']/data"):
            start, size = int(data.attrib["offset"]), int(data.attrib["size"])
            weights = np.frombuffer(bytes(content[start : start + size]), np.uint8)
            # Zeros may be shared with constants of other types.
            if data.attrib["element_type"] == "f32" and size > 4 and weights.any():
                weights = weights.view(np.float32)
                content[start : start + size] = change(weights).tobytes()
        (folder / "model.bin").write_bytes(content)
    else:
        model = onnx.load(folder / "model.onnx")
        for tensor in model.graph.initializer:
            array = numpy_helper.to_array(tensor)
            if array.dtype == np.float32 and array.size > 1:
                tensor.CopyFrom(numpy_helper.from_array(change(array), tensor.name))
        onnx.save(model, folder / "model.onnx")
    workspace.save(Stage.COMPILE, compiled, 1.0)


@pytest.mark.parametrize("change", [perturb, poison])
def test_a_wrong_candidate_is_refused_and_the_next_that_passes_is_taken(
    at_gate: Build, change: Change
) -> None:
    _, before = pass_gate(at_gate)
    first = next(one for one in before if one.chosen)
    damage(at_gate, first, change)
    entry, after = pass_gate(at_gate)
    refused, *rest = after[before.index(first) :]
    assert refused.engine == first.engine
    assert refused.parity is not None
    assert not refused.parity.passed
    assert all(case.finite for case in refused.parity.cases) is (change is perturb)
    second = next(one for one in rest if one.chosen)
    assert second.parity is not None
    assert second.parity.passed
    assert manifest_of(entry).engine == second.engine


def test_without_any_candidate_that_passes_the_build_fails_with_the_figures(at_gate: Build) -> None:
    _, candidates = pass_gate(at_gate)
    for candidate in candidates:
        damage(at_gate, candidate, poison if candidate.engine.engine is Engine.OPENVINO else perturb)
    with pytest.raises(ConversionError, match="no candidate answers like the original") as caught:
        pass_gate(at_gate)
    assert "NaN or Inf found" in caught.value.message
    assert "onnxruntime fp32: difference" in caught.value.message


def test_what_is_on_the_front_was_judged_on_every_case_and_what_is_beaten_on_none(at_gate: Build) -> None:
    _, candidates = pass_gate(at_gate)
    assert [one for one in candidates if one.chosen] == [one for one in candidates if one.front][:1]
    for report in (one.parity for one in candidates if one.front):
        assert report is not None
        shapes = [(case.batch, case.length) for case in report.cases]
        assert len(shapes) == 13
        assert {rows for rows, _ in shapes} == {1, 3, 8}
        assert {length for _, length in shapes} >= {7, 32, 40}
    for candidate in candidates:
        if not (candidate.front or is_beaten(candidate, [one for one in candidates if one.front])):
            assert candidate.parity is not None
            assert not candidate.parity.passed
