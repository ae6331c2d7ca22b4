"""The ladder of exporters."""

from pathlib import Path

import numpy as np
import onnx_ir
import onnxruntime
import pytest
import torch
from converter_builds import Build, write_model
from converters.tasks import FAMILIES

from converters.results import Inspected
from converters.samples import Sampler
from converters.spec import ConversionError, Stage
from converters.stages.export import LADDER
from converters.workspace import Workspace

pytestmark = pytest.mark.integration


@pytest.mark.filterwarnings("ignore")  # the exporters' own; in a build they go to the log of the stage
@pytest.mark.parametrize("rung", list(LADDER))
def test_every_rung_gives_a_graph_for_all_shapes(tiny: Build, tmp_path: Path, rung: str) -> None:
    workspace = Workspace(tiny.workspace)
    facts = workspace.result(Stage.INSPECT, Inspected)
    model = FAMILIES[facts.task].load(workspace.folder(Stage.FETCH), facts)
    sampler = Sampler(workspace.folder(Stage.INSPECT) / "tokenizer.json", facts)
    sample = {name: torch.from_numpy(array) for name, array in sampler.parity_batch(2, 9).items()}
    onnx_ir.save(LADDER[rung](model, sample), tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert {output.name for output in session.get_outputs()} == {"last_hidden_state", "sentence_embedding"}
    for rows, length in ((1, 1), (3, 17), (8, facts.max_length)):
        inputs = sampler.parity_batch(rows, length)
        (answer,) = session.run(["sentence_embedding"], dict(inputs))
        with torch.inference_mode():
            right = model(**{name: torch.from_numpy(array) for name, array in inputs.items()})
        assert np.abs(answer - right["sentence_embedding"].numpy()).max() < 1e-4


def test_a_model_that_no_rung_takes_is_refused_with_the_reasons(make_build, tmp_path: Path) -> None:
    source = write_model(tmp_path / "source", "fnet")
    with pytest.raises(ConversionError, match="the architecture FNetModel cannot be exported") as caught:
        make_build(f"file:{source}").run()
    assert "transformers.exporters: " in caught.value.message
    assert "torch.onnx: " in caught.value.message
    assert caught.value.hint
