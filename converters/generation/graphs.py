"""Exports of generating models to OpenVINO, as the backend `generation` runs them."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openvino
import torch
from transformers.exporters import OpenVINOExporter
from transformers.exporters.configs import OpenVINOConfig
from transformers.exporters.utils import decompose_for_generation, get_leaf_tensors

from model_repository.generation import CACHED_DECODER, CROSS, DECODER, ENCODER

ROWS, LENGTH, BEGUN = 2, 7, 3
"""Shape of the prompts that are traced, and tokens that an encoder-decoder's output begins with: all above 1,
because an axis of 1 would be taken for a constant."""

_PASSED_THROUGH = re.compile(r"cross_attention_cache|encoder_last_hidden_state")
_CROSSED = re.compile(r"cross_attention_cache")


def export_decoder(model: torch.nn.Module, folder: Path) -> None:
    """Write the stateful decoder: any number of new tokens at a time, on any number of earlier ones."""
    stages = decompose_for_generation(model, _sample(model), multi_token_decode=True)
    save(export(*stages["decode"], stateful=True), folder / DECODER)


def export_encoder_decoder(model: torch.nn.Module, folder: Path) -> None:
    """Write encoder, cross attentions and decoder; no weights are written twice."""
    prompt = _sample(model)
    begin = torch.full((ROWS, BEGUN), model.config.decoder_start_token_id)
    stages = decompose_for_generation(model, {**prompt, "decoder_input_ids": begin})
    save(export(model.get_encoder(), prompt, stateful=False), folder / ENCODER)
    cross = export(*stages["prefill"], stateful=False)
    keep(cross, crossed)
    save(cross, folder / CROSS)
    decoder = export(*stages["decode"], stateful=False)
    keep(decoder, lambda name: not passed_on(name))
    save(decoder, folder / CACHED_DECODER)


def _sample(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Prompts with padding, so that the graph keeps its mask."""
    size = model.config.get_text_config(decoder=True).vocab_size
    ids = torch.arange(ROWS * LENGTH).reshape(ROWS, LENGTH) % size
    mask = torch.ones_like(ids)
    hidden = slice(-2, None) if model.config.is_encoder_decoder else slice(2)
    mask[0, hidden] = 0
    return {"input_ids": ids, "attention_mask": mask}


def crossed(name: str) -> bool:
    """Whether a tensor is a key or a value of a cross attention."""
    return _CROSSED.search(name) is not None


def passed_on(name: str) -> bool:
    """Whether an output is only what went in."""
    return _PASSED_THROUGH.search(name) is not None


def export(module: torch.nn.Module, inputs: Mapping[str, Any], *, stateful: bool) -> openvino.Model:
    """A module as a graph of OpenVINO whose rows and lengths may vary."""
    shapes = {name: _axes(value) for name, value in inputs.items() if not _is_constant(value)}
    config = OpenVINOConfig(dynamic=True, dynamic_shapes=shapes, stateful=stateful)
    return OpenVINOExporter().export(module, dict(inputs), config).program


def _axes(value: Any) -> Any:
    """Axes that vary, which makes tracing several times faster than to try them all: rows and lengths."""
    if isinstance(value, torch.Tensor):
        return {0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO}
    if hasattr(value, "to_tuple"):  # an encoder's outputs
        return [_axes(each) for each in value.to_tuple()]
    # A cache; its tensors are [rows, heads, length, size of a head].
    return [{0: torch.export.Dim.AUTO, 2: torch.export.Dim.AUTO} for _ in get_leaf_tensors({"cache": value})]


def _is_constant(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def keep(model: openvino.Model, wanted: Callable[[str], object]) -> None:
    """Drop all other outputs, and the inputs that then nothing reads."""
    for result in model.get_results():
        if not wanted(result.get_output_tensor(0).get_any_name()):
            model.remove_result(result)
    alive: set[str] = set()
    ahead = [*model.get_results()]
    while ahead:
        node = ahead.pop()
        if node.get_name() not in alive:
            alive.add(node.get_name())
            ahead += [value.get_source_output().get_node() for value in node.inputs()]
    for parameter in model.get_parameters():
        if parameter.get_name() not in alive:
            model.remove_parameter(parameter)


def save(model: openvino.Model, path: Path) -> None:
    """Write a graph with its weights as they are."""
    openvino.save_model(model, path, compress_to_fp16=False)
