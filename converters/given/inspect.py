"""What a given graph is: its head, its tokenizer and its inputs."""

import json
from pathlib import Path
from typing import Any

import onnx
from msgspec.structs import replace
from tokenizers import Tokenizer
from transformers import PretrainedConfig

from converters.given.graph import find_graph, read_graph
from converters.given.heads import meaning_of
from converters.inspection.pipeline import Pipeline, read_json, read_pipeline
from converters.inspection.tokenizer import write_tokenizer
from converters.results import Inspected, Part
from converters.spec import BuildSpec, ConversionError
from model_repository.layout import TOKENIZER
from model_repository.manifest import TokenizerSpec

FAMILY = "given"
STAGES = "converters.given.stages"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def inspect_given(spec: BuildSpec, source: Path, folder: Path) -> Inspected:
    """The one part of a graph that reads text; writes its tokenizer into the part's folder.

    Raises:
        ConversionError: the graph or what lies beside it is not what is needed; the message says what.

    """
    path = find_graph(source)
    model = read_graph(path)
    inputs = _inputs(model)
    pipeline = read_pipeline(source)
    root = _root(source, path)
    described = read_json(root / "config.json", dict[str, Any]) if (root / "config.json").is_file() else {}
    config = PretrainedConfig.from_dict(described) if "id2label" in described else None
    meaning = meaning_of(model, config, pipeline)
    if spec.tasks and set(spec.tasks) != {meaning.task}:
        raise ConversionError(
            f"the graph does {meaning.task}, not {' and '.join(spec.tasks)}",
            hint="Leave the tasks out to have the graph's own found.",
        )
    part = Part(tasks=(meaning.task,), head=meaning.head, inputs=inputs)
    target = folder / part.folder / "tokenizer.json"
    target.parent.mkdir(parents=True)
    return Inspected(
        root=path.relative_to(source).as_posix(),
        architecture=(described.get("architectures") or ["ONNX"])[0],
        family=FAMILY,
        stages=STAGES,
        parts=(_with_tokenizer(part, root, target, described, pipeline or Pipeline()),),
    )


def _inputs(model: onnx.ModelProto) -> tuple[str, ...]:
    weights = {tensor.name for tensor in model.graph.initializer}
    values = [value for value in model.graph.input if value.name not in weights]
    names = [value.name for value in values]
    if "input_ids" not in names or not set(names) <= set(INPUTS):
        raise ConversionError(
            f"the graph takes {', '.join(names)}",
            hint=f"It should take {', '.join(INPUTS)}, or some of them.",
        )
    for value in values:
        tensor = value.type.tensor_type
        axes = tensor.shape.dim
        if tensor.elem_type != onnx.TensorProto.INT64 or len(axes) != 2:
            raise ConversionError(
                f"the input {value.name} is not int64 of two axes",
                hint="Export it as int64 [batch, length].",
            )
        if any(axis.HasField("dim_value") for axis in axes):
            raise ConversionError(
                f"the input {value.name} has a fixed size", hint="Export batch and length as dynamic axes."
            )
    return tuple(name for name in INPUTS if name in names)


def _root(source: Path, path: Path) -> Path:
    """Folder of the files beside the graph, which may lie in one of its own."""
    for folder in (path.parent, path.parent.parent):
        if folder.is_relative_to(source) and (folder / "tokenizer.json").is_file():
            return folder
    raise ConversionError(
        f"there is no tokenizer.json beside {path.name}",
        hint="Add tokenizer.json, as save_pretrained() of a fast tokenizer writes it.",
    )


def _with_tokenizer(
    part: Part, root: Path, target: Path, described: dict[str, Any], pipeline: Pipeline
) -> Part:
    written = write_tokenizer(
        root, target, lowercase=pipeline.lowercase, pad_id=described.get("pad_token_id", _pad_id(root))
    )
    length = pipeline.max_length or written.max_length or _truncation(root)
    length = length or described.get("max_position_embeddings")
    if length is None:
        raise ConversionError(
            "nothing says how long the input may be", hint="Set model_max_length in tokenizer_config.json."
        )
    tokenizer = TokenizerSpec(
        path=TOKENIZER, max_length=int(length), pad_id=written.pad_id, pad_token=written.pad_token
    )
    shortest = _special_tokens(target) + 2 if part.pairs else 1
    return replace(part, tokenizer=tokenizer, shortest=shortest)


def _special_tokens(tokenizer: Path) -> int:
    """How many tokens frame a pair."""
    return sum(Tokenizer.from_file(str(tokenizer)).encode("one", "other").special_tokens_mask)


def _own(root: Path, section: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((root / "tokenizer.json").read_bytes())
    return content.get(section) or {}


def _pad_id(root: Path) -> int | None:
    return _own(root, "padding").get("pad_id")


def _truncation(root: Path) -> int | None:
    return _own(root, "truncation").get("max_length")
