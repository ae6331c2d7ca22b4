"""The parity gate against candidates that were damaged on purpose."""

import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import onnx
import pytest
from converter_builds import Build
from numpy.typing import NDArray
from onnx import numpy_helper

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


@pytest.fixture
def at_gate(tiny: Build, tmp_path: Path) -> Build:
    """The tiny build as it was before the gate."""
    workspace = tmp_path / "workspace"
    shutil.copytree(tiny.workspace, workspace)
    (workspace / "results/verify.json").unlink()
    return Build(tiny.spec, workspace)


def judged(build: Build) -> tuple[Candidate, ...]:
    return Workspace(build.workspace).result(Stage.VERIFY, Verified).candidates


def damage(build: Build, candidate: Candidate, change: Change) -> None:
    """Change a candidate's weights as if its engine's conversion had gone wrong."""
    workspace = Workspace(build.workspace)
    compiled = workspace.result(Stage.COMPILE, Compiled)
    name = next(one.folder for one in compiled.candidates if one.engine == candidate.engine)
    folder = workspace.folder(Stage.COMPILE) / name
    if candidate.engine.engine is Engine.OPENVINO:
        content = bytearray((folder / "model.bin").read_bytes())
        for data in ET.parse(folder / "model.xml").iterfind(".//layer[@type='Const']/data"):
            start, size = int(data.attrib["offset"]), int(data.attrib["size"])
            if data.attrib["element_type"] == "f32" and size > 4:
                weights = np.frombuffer(content, np.float32, size // 4, start)
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
    tiny: Build, at_gate: Build, change: Change
) -> None:
    first, second, *_ = [one for one in judged(tiny) if one.parity is not None and one.parity.passed]
    damage(at_gate, first, change)
    entry = at_gate.run()
    assert at_gate.kept() == [Stage.FETCH, Stage.INSPECT, Stage.EXPORT, Stage.OPTIMISE, Stage.COMPILE]
    after = {(one.engine.engine, one.engine.precision): one for one in judged(at_gate)}
    refused = after[first.engine.engine, first.engine.precision]
    assert refused.parity is not None
    assert not refused.parity.passed
    assert all(case.finite for case in refused.parity.cases) is (change is perturb)
    assert after[second.engine.engine, second.engine.precision].chosen
    assert (entry / "1").is_dir()


def test_without_any_candidate_that_passes_the_build_fails_with_the_figures(
    tiny: Build, at_gate: Build
) -> None:
    for candidate in judged(tiny):
        damage(at_gate, candidate, poison if candidate.engine.engine is Engine.OPENVINO else perturb)
    with pytest.raises(ConversionError, match="no candidate answers like the original") as caught:
        at_gate.run()
    assert "NaN or Inf found" in caught.value.message
    assert "onnxruntime fp32: difference" in caught.value.message
    assert "cosine" in caught.value.message
    assert not list((at_gate.workspace / "entry").glob("*"))
