"""The packed graph of a text model; see `converters.families.packed`."""

from pathlib import Path

import numpy as np
import torch

from converters.comparison import by_token
from converters.families.packed import PackedModel, packed
from converters.families.registry import GRAPH_FAMILIES
from converters.parity import Case, examine, figures, thresholds
from converters.samples.text import TextSampler
from converters.spec import ConversionError
from converters.stages.export import by_transformers, write
from converters.tensors import Tensors
from converters.work import Work
from model_repository.backends.packing import MASK, Layout
from model_repository.heads import Head
from model_repository.manifest import Precision


def write_packed(work: Work, target: Path) -> None:
    """Write the packed graph of a part as ONNX.

    Raises:
        ConversionError: the model has no packed form, or answers otherwise in it.

    """
    assert work.part.tokenizer is not None
    sampler = TextSampler(work.part, work.part.tokenizer, work.tokenizer)
    original = GRAPH_FAMILIES[work.facts.family].load(work.source, work.facts, work.part)
    inputs = sampler.batch(5, 24)
    with torch.inference_mode():
        answer = original(**_tensors(inputs))
    model = packed(original, work.part.head)
    if model is None:
        raise ConversionError(f"the architecture {work.facts.architecture} cannot read packed texts")
    model.eval()
    _try(model, work.part.head, Case(inputs, {name: tensor.numpy() for name, tensor in answer.items()}))
    _export(model, inputs, target)


class _Packed:
    """The packed model itself as a session; see `converters.engines.Session`."""

    def __init__(self, model: PackedModel, head: Head) -> None:
        self._model = model
        self._head = head

    def run(self, inputs: Tensors, outputs: tuple[str, ...]) -> Tensors:
        layout = Layout.of(inputs[MASK])
        answer = self._model(**_tensors(layout.inputs(inputs)))
        return {
            name: layout.output(answer[name].numpy(), by_token=by_token(self._head, name)) for name in outputs
        }


def _try(model: PackedModel, head: Head, case: Case) -> None:
    """Not every architecture does with its own positions and masks what it is told."""
    with torch.inference_mode():
        report = examine(head, _Packed(model, head), [case], thresholds(Precision.FP32, head, [case]))
    if not report.passed:
        raise ConversionError(f"packed texts get other answers: {figures(report)}")


def _export(model: PackedModel, batch: Tensors, target: Path) -> None:
    sample = Layout.of(batch[MASK]).inputs(batch)
    # More than one row, or the exporter takes the number of rows for a constant.
    several = {name: np.concatenate([array, array]) for name, array in sample.items()}
    write(by_transformers(model, _tensors(several)), target)


def _tensors(arrays: Tensors) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in arrays.items()}
