"""What a given graph is: its head, its inputs and, where it reads text, its tokenizer."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import onnx
from msgspec import Meta
from msgspec.structs import replace
from tokenizers import Tokenizer
from transformers import PretrainedConfig

from converters.given.declared import Declared, read_declared
from converters.given.graph import find_graph, inputs_of, read_graph
from converters.given.heads import meaning_of
from converters.given.signature import signature_of
from converters.inspection.files import Described, read_json
from converters.inspection.matryoshka import read_matryoshka
from converters.inspection.pipeline import Pipeline, read_pipeline
from converters.inspection.tokenizer import write_tokenizer
from converters.results import Inspected, Part, Signature
from converters.spec import BuildSpec, ConversionError
from model_repository.custom import TASK_STRINGS
from model_repository.heads import EmbeddingHead, TensorHead
from model_repository.layout import TOKENIZER
from model_repository.manifest import Task, TokenizerSpec

FAMILY = "given"
STAGES = "converters.given.stages"
UNNAMED = "ONNX"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


Count = Annotated[int, Meta(ge=0, lt=2**31)]


class _Described(Described, frozen=True):
    id2label: dict[int, str | int | float] | None = None
    pad_token_id: Count | None = None
    max_position_embeddings: Count | None = None


class _Padding(msgspec.Struct):
    pad_id: Count | None = None


class _Truncation(msgspec.Struct):
    max_length: Count | None = None


class _Own(msgspec.Struct):
    """What `tokenizer.json` says of the shape of what it makes."""

    padding: _Padding | None = None
    truncation: _Truncation | None = None


def inspect_given(spec: BuildSpec, source: Path, folder: Path) -> Inspected:
    """The one part of a graph that reads text or takes plain numbers; what reads text has a tokenizer.

    Raises:
        ConversionError: the graph or what lies beside it is not what is needed; the message says what.

    """
    path = find_graph(source)
    model = read_graph(path)
    declared = read_declared(source)
    if declared.tensors is None and _reads_text(source, path, model):
        inspected = _text(source, path, model, folder)
    else:
        inspected = _numbers(source, path, signature_of(model, declared.tensors))
    _check_tasks(spec, declared, inspected.parts[0].tasks)
    return inspected


def _reads_text(source: Path, path: Path, model: onnx.ModelProto) -> bool:
    """A graph of token ids is one too, so that a forgotten tokenizer is told."""
    return _root(source, path) is not None or INPUTS[0] in {value.name for value in inputs_of(model)}


def _numbers(source: Path, path: Path, signature: Signature) -> Inspected:
    part = Part(
        tasks=(Task.CUSTOM,),
        head=TensorHead(outputs=tuple(spec.name for spec in signature.outputs)),
        inputs=tuple(spec.name for spec in signature.inputs),
        signature=signature,
    )
    return Inspected(
        root=path.relative_to(source).as_posix(),
        architecture=UNNAMED,
        family=FAMILY,
        stages=STAGES,
        parts=(part,),
    )


def _text(source: Path, path: Path, model: onnx.ModelProto, folder: Path) -> Inspected:
    """Writes the tokenizer into the part's folder."""
    inputs = _inputs(model)
    pipeline = read_pipeline(source)
    root = _root(source, path)
    if root is None:
        raise ConversionError(
            f"there is no tokenizer.json beside {path.name}",
            hint="Add tokenizer.json, as save_pretrained() of a fast tokenizer writes it; or, to call the "
            "graph with ids, declare its tensors in config.json.",
        )
    described = _described(root / "config.json")
    config = PretrainedConfig.from_dict(described) if "id2label" in described else None
    meaning = meaning_of(model, config, pipeline)
    head = meaning.head
    if isinstance(head, EmbeddingHead):
        head = replace(head, matryoshka=read_matryoshka(described, head.dimensions))
    part = Part(tasks=(meaning.task,), head=head, inputs=inputs)
    target = folder / part.folder / "tokenizer.json"
    target.parent.mkdir(parents=True)
    return Inspected(
        root=path.relative_to(source).as_posix(),
        architecture=(described.get("architectures") or [UNNAMED])[0],
        family=FAMILY,
        stages=STAGES,
        parts=(_with_tokenizer(part, root, target, described, pipeline or Pipeline()),),
    )


def _check_tasks(spec: BuildSpec, declared: Declared, tasks: tuple[Task, ...]) -> None:
    done = " and ".join(tasks)
    if spec.tasks and set(spec.tasks) != set(tasks):
        raise ConversionError(
            f"the graph does {done}, not {' and '.join(spec.tasks)}",
            hint="Leave the tasks out to have the graph's own found.",
        )
    names = {TASK_STRINGS.get(task, task) for task in tasks}
    if declared.tasks is not None and set(declared.tasks) != names:
        raise ConversionError(
            f"the graph does {done}, and config.json declares {' and '.join(declared.tasks) or 'no task'}",
            hint=f'Write "tasks": ["{names.pop()}"], or leave the tasks out.',
        )


def _inputs(model: onnx.ModelProto) -> tuple[str, ...]:
    values = inputs_of(model)
    names = [value.name for value in values]
    if INPUTS[0] not in names or not set(names) <= set(INPUTS):
        raise ConversionError(
            f"the graph takes {', '.join(names)}",
            hint=f"Beside a tokenizer it should take {', '.join(INPUTS)}, or some of them.",
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


def _root(source: Path, path: Path) -> Path | None:
    """Folder of the tokenizer and the files beside it; the graph may lie in one of its own."""
    for folder in (path.parent, path.parent.parent):
        if folder.is_relative_to(source) and (folder / "tokenizer.json").is_file():
            return folder
    return None


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


def _described(path: Path) -> dict[str, Any]:
    """`config.json`, once what is read of it is as it should be."""
    if not path.is_file():
        return {}
    read_json(path, _Described)
    described: dict[str, Any] = read_json(path, dict[str, Any])
    return described


def _pad_id(root: Path) -> int | None:
    padding = _own(root).padding
    return None if padding is None else padding.pad_id


def _truncation(root: Path) -> int | None:
    truncation = _own(root).truncation
    return None if truncation is None else truncation.max_length


def _own(root: Path) -> "_Own":
    own: _Own = read_json(root / "tokenizer.json", _Own)
    return own
