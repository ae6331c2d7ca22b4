"""Inspect: what the model is, how it pools, how long its input may be; and its tokenizer in one form."""

import inspect
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, PretrainedConfig

from converters.causes import first_line
from converters.inspection.pipeline import Pipeline, read_json, read_pipeline
from converters.inspection.tokenizer import write_tokenizer
from converters.inspection.weights import check_weights
from converters.messages import Progress
from converters.results import Fetched, Inspected
from converters.spec import BuildSpec, ConversionError, Stage
from converters.tasks import detect_task
from converters.workspace import Workspace


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Inspected:
    """Read the source's own description of itself; write `tokenizer.json` into `folder`."""
    workspace.result(Stage.FETCH, Fetched)
    source = workspace.folder(Stage.FETCH)
    pipeline = read_pipeline(source)
    root = source / (pipeline.root if pipeline else "")
    progress(20, "checking the weights")
    check_weights(root)
    config = _config(root)
    architecture = (config.architectures or [type(config).__name__])[0]
    task = spec.tasks[0] if spec.tasks else detect_task(architecture, pipeline=pipeline is not None)
    progress(50, f"reading {architecture}")
    positions, takes_types = _shape(config, architecture)
    pipeline = pipeline or Pipeline()
    tokenizer = write_tokenizer(
        root,
        folder / "tokenizer.json",
        lowercase=pipeline.lowercase,
        pad_id=getattr(config, "pad_token_id", None),
    )
    wished = pipeline.max_length or tokenizer.max_length
    lengths = [length for length in (wished, positions) if length is not None]
    if not lengths:
        raise ConversionError(
            "the model does not say how long its input may be",
            hint="Set model_max_length in tokenizer_config.json.",
        )
    return Inspected(
        root=pipeline.root,
        task=task,
        architecture=architecture,
        max_length=min(lengths),
        pad_id=tokenizer.pad_id,
        pad_token=tokenizer.pad_token,
        type_ids=tokenizer.type_ids and takes_types,
        dimensions=config.hidden_size,
        pooling=pipeline.pooling,
        normalise=pipeline.normalise,
    )


def _config(root: Path) -> PretrainedConfig:
    described = read_json(root / "config.json", dict[str, Any])
    named = (described.get("architectures") or [described.get("model_type", "without a name")])[0]
    try:
        return AutoConfig.from_pretrained(root, local_files_only=True)
    except Exception as error:
        raise ConversionError(
            f"the architecture {named} is not known: {first_line(str(error))}",
            hint="Only architectures of transformers are converted; code that comes with a model is not run.",
        ) from error


def _shape(config: PretrainedConfig, architecture: str) -> tuple[int | None, bool]:
    """Longest input by the position table, and whether the model takes token types.

    Built without memory for the weights. A table with a padding row counts positions from behind that row, so
    RoBERTa's 514 positions hold 512 tokens.
    """
    if config.is_encoder_decoder:
        raise ConversionError(
            f"the architecture {architecture} cannot be exported: it has an encoder and a decoder",
            hint="Convert a model that is an encoder only.",
        )
    try:
        with torch.device("meta"):
            model = AutoModel.from_config(config)
    except Exception as error:
        raise ConversionError(
            f"the architecture {architecture} cannot be built: {first_line(str(error))}",
            hint="Check config.json, or convert another architecture.",
        ) from error
    takes_types = "token_type_ids" in inspect.signature(model.forward).parameters
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            used = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - used, takes_types
    return getattr(config, "max_position_embeddings", None), takes_types
