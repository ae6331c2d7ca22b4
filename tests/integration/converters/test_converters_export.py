"""The ladder of exporters."""

from pathlib import Path

import numpy as np
import onnx_ir
import onnxruntime
import pytest
import torch
from converter_builds import Build
from converter_models import write_model

from converters.families.registry import GRAPH_FAMILIES
from converters.results import Compiled, Inspected
from converters.samples.text import TextSampler
from converters.spec import ConversionError, Stage
from converters.stages.export import LADDER
from converters.workspace import Workspace

pytestmark = pytest.mark.integration


@pytest.mark.filterwarnings("ignore")  # the exporters' own; in a build they go to the log of the stage
@pytest.mark.parametrize("rung", list(LADDER))
def test_every_rung_gives_a_graph_for_all_shapes(tiny: Build, tmp_path: Path, rung: str) -> None:
    workspace = Workspace(tiny.workspace)
    facts = workspace.result(Stage.INSPECT, Inspected)
    (part,) = facts.parts
    assert part.tokenizer is not None
    model = GRAPH_FAMILIES[facts.family].load(workspace.folder(Stage.FETCH), facts, part)
    sampler = TextSampler(part, part.tokenizer, workspace.folder(Stage.INSPECT) / "whole/tokenizer.json")
    sample = {name: torch.from_numpy(array) for name, array in sampler.sample().items()}
    onnx_ir.save(LADDER[rung](model, sample), tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert {output.name for output in session.get_outputs()} == {"last_hidden_state", "sentence_embedding"}
    for rows, length in ((1, 1), (3, 17), (8, part.tokenizer.max_length)):
        inputs = sampler.batch(rows, length)
        (answer,) = session.run(["sentence_embedding"], dict(inputs))
        with torch.inference_mode():
            right = model(**{name: torch.from_numpy(array) for name, array in inputs.items()})
        assert np.abs(answer - right["sentence_embedding"].numpy()).max() < 1e-4


@pytest.mark.filterwarnings("ignore")
def test_weights_that_are_too_large_for_one_file_lie_beside_it(
    make_build, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("converters.engines.onnxruntime.LARGEST_FILE", 10_000)
    build = make_build(f"file:{model_folder}")
    (entry,) = build.run_here()
    for folder in (
        "stages/export/whole",
        "stages/optimise/whole/fp32",
        "stages/compile/whole/onnxruntime-fp32",
    ):
        names = {file.name for file in (build.workspace / folder).iterdir()}
        assert names == {"model.onnx", "model.onnx.data"}
    verified = Workspace(build.workspace).result(Stage.COMPILE, Compiled)
    assert not any(one.error for one in verified.parts[""])
    assert (entry / "1").is_dir()


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_no_rung_takes_is_refused_with_the_reasons(make_build, tmp_path: Path) -> None:
    source = write_model(tmp_path / "source", "longformer")
    with pytest.raises(ConversionError, match="LongformerModel cannot be exported") as caught:
        make_build(f"file:{source}").run_here()
    assert "transformers.exporters: " in caught.value.message
    assert "torch.onnx: " in caught.value.message
    assert caught.value.hint
