"""Packed graphs of all kinds of text models, tiny and with random weights: they answer like transformers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf
from converter_builds import Build, spec_of
from converter_models import write_model
from tokenizers import Tokenizer

from converters.engines import open_session, openvino
from converters.packing import write_packed
from converters.spec import ConversionError, Stage
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository.manifest import Precision

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore"),  # the exporters' own; in a build they go to the log of the stage
]

MakeBuild = Callable[..., Build]

TEXTS = [
    "A cat sleeps.",
    "The ferry to the island leaves at seven, tide permitting, and comes back before the night does.",
    "soup",
    "Two people walked on the Moon in 1969.",
    "A good soup needs time, and onions that turn golden before the stock.",
] * 2


@pytest.mark.parametrize(
    ("architecture", "kind", "outputs"),
    [
        ("bert", hf.AutoModel, {"last_hidden_state"}),
        ("roberta", hf.AutoModel, {"last_hidden_state"}),
        ("mpnet", hf.AutoModel, {"last_hidden_state"}),
        ("distilbert", hf.AutoModel, {"last_hidden_state"}),
        ("modernbert", hf.AutoModel, {"last_hidden_state"}),
        ("bert-moods", hf.AutoModelForSequenceClassification, {"logits"}),
        ("roberta-moods", hf.AutoModelForSequenceClassification, {"logits"}),
        ("xlm-roberta-rerank", hf.AutoModelForSequenceClassification, {"logits"}),
        ("deberta", hf.AutoModel, {"last_hidden_state"}),
        ("deberta-v2", hf.AutoModel, {"last_hidden_state"}),
        ("deberta-v2-nli", hf.AutoModelForSequenceClassification, {"logits"}),
        ("deberta-nli", hf.AutoModelForSequenceClassification, {"logits"}),
        ("bert-qa", hf.AutoModelForQuestionAnswering, {"start_logits", "end_logits"}),
        ("bert-names", hf.AutoModelForTokenClassification, {"logits"}),
    ],
)
def test_packed_texts_get_the_originals_answers(
    make_build: MakeBuild, tmp_path: Path, architecture: str, kind: Any, outputs: set[str]
) -> None:
    source = write_model(tmp_path / "source", architecture)
    workspace = make_build(f"file:{source}").work_here(Stage.FETCH, Stage.INSPECT)
    (work,) = works(workspace, tmp_path)
    write_packed(work, tmp_path / "packed.onnx")
    openvino.convert(tmp_path / "packed.onnx", tmp_path)
    session = open_session(openvino.engine_spec(Precision.FP32, 1, packed=True), tmp_path)
    model = kind.from_pretrained(source).eval()
    inputs = tokens(work)
    with torch.inference_mode():
        right = model(**{name: torch.from_numpy(array) for name, array in inputs.items()})
    counts = inputs["attention_mask"].astype(bool)
    for name, answer in session.run(inputs, tuple(outputs)).items():
        wanted = right[name].numpy()
        by_token = wanted.shape[:2] == counts.shape
        np.testing.assert_allclose(*((a[counts] if by_token else a) for a in (answer, wanted)), atol=1e-4)


@pytest.mark.parametrize("architecture", ["bart-nli"])
def test_models_that_know_no_such_masks_are_refused(
    make_build: MakeBuild, tmp_path: Path, architecture: str
) -> None:
    source = write_model(tmp_path / "source", architecture)
    workspace = make_build(f"file:{source}").work_here(Stage.FETCH, Stage.INSPECT)
    (work,) = works(workspace, tmp_path)
    with pytest.raises((ConversionError, RuntimeError)):
        write_packed(work, tmp_path / "packed.onnx")
    assert not (tmp_path / "packed.onnx").exists()


def works(workspace: Workspace, folder: Path) -> Iterator[Work]:
    return each_part(spec_of("file:"), workspace, folder, lambda percent, message: None)


def tokens(work: Work) -> dict[str, np.ndarray]:
    """Padded texts of many lengths, as the model reads them."""
    spec = work.part.tokenizer
    assert spec is not None
    tokenizer = Tokenizer.from_file(str(work.tokenizer))
    tokenizer.enable_padding(pad_id=spec.pad_id)
    tokenizer.enable_truncation(spec.max_length)
    encoded = tokenizer.encode_batch(TEXTS)
    inputs = {
        "input_ids": [one.ids for one in encoded],
        "attention_mask": [one.attention_mask for one in encoded],
        "token_type_ids": [one.type_ids for one in encoded],
    }
    return {name: np.array(inputs[name], np.int64) for name in work.part.inputs}
