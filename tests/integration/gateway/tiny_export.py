"""Graphs of models of transformers, traced."""

import io
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from tiny_graph import TinyGraph
from transformers import PreTrainedModel

from model_repository.heads import Head
from model_repository.manifest import Task, TensorSpec


def traced(
    model: PreTrainedModel,
    sample: dict[str, np.ndarray],
    outputs: Sequence[str],
    head: Head,
    tasks: tuple[Task, ...],
    **more: object,
) -> TinyGraph:
    given = tuple(torch.from_numpy(array) for array in _padded(sample).values())
    shown = _Shown(model, tuple(sample), tuple(outputs)).eval()
    axes = {0: "batch", 1: "length"} if "input_ids" in sample else {0: "batch"}
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing is deprecated, and takes a tenth of the time
        torch.onnx.export(
            shown,
            given,
            file,
            dynamo=False,
            opset_version=17,
            input_names=list(sample),
            output_names=list(outputs),
            dynamic_axes=dict.fromkeys(sample, axes) | {name: {0: "batch"} for name in outputs},
        )
    with torch.no_grad():
        right = dict(zip(outputs, shown(*given), strict=True))
    return TinyGraph(
        onnx=file.getvalue(),
        head=head,
        tasks=tasks,
        inputs=tuple(_spec(name, array, "INT64") for name, array in sample.items()),
        outputs=tuple(_spec(name, right[name].numpy(), "FP32") for name in outputs),
        sample=sample,
        **more,  # type: ignore[arg-type]
    )


class _Shown(torch.nn.Module):
    """A model with its inputs by position and only the outputs that count."""

    def __init__(self, model: PreTrainedModel, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        super().__init__()
        self.model = model
        self._inputs = inputs
        self._outputs = outputs

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found = self.model(**dict(zip(self._inputs, tensors, strict=True)))
        return tuple(found[name] for name in self._outputs)


def _padded(sample: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The sample twice, once with padding behind it: traced without any, a model forgets its mask."""
    if "attention_mask" not in sample:
        return sample
    behind = {name: np.pad(array, ((0, 0), (0, 2))) for name, array in sample.items()}
    beside = {name: np.pad(array, ((0, 0), (0, 2)), mode="edge") for name, array in sample.items()}
    return {name: np.concatenate([behind[name], beside[name]]) for name in sample}


def _spec(name: str, array: np.ndarray, datatype: str) -> TensorSpec:
    if array.ndim == 4:
        return TensorSpec(name=name, datatype="FP32", shape=(-1, *array.shape[1:]))
    ragged = datatype == "INT64" or name in {"start_logits", "end_logits"} or array.ndim == 3
    return TensorSpec(
        name=name, datatype=datatype, shape=(-1, -1, *array.shape[2:]) if ragged else (-1, *array.shape[1:])
    )
