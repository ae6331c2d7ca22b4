"""What a model of transformers says of itself, and which family converts it."""

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace
from transformers import CONFIG_MAPPING, AutoConfig, PretrainedConfig

from converters.causes import first_line
from converters.families.family import Description
from converters.families.registry import family_of
from converters.inspection.files import Described, read_json
from converters.inspection.pipeline import read_pipeline
from converters.inspection.weights import check_weights
from converters.messages import Progress
from converters.results import Inspected, Part
from converters.spec import BuildSpec, ConversionError
from model_repository.manifest import Task


def inspect_transformers(spec: BuildSpec, source: Path, folder: Path, progress: Progress) -> Inspected:
    """Read the model's configuration, and the family's part of it; write the tokenizers into `folder`.

    Raises:
        ConversionError: no family converts it, or its weights are not whole.

    """
    pipeline = read_pipeline(source)
    root = source / (pipeline.root if pipeline else "")
    progress(20, "checking the weights")
    check_weights(root)
    config = _config(root)
    model = Description(
        root=root,
        config=config,
        architecture=(config.architectures or [type(config).__name__])[0],
        pipeline=pipeline,
        asked=frozenset(spec.tasks),
    )
    progress(50, f"reading {model.architecture}")
    family = family_of(model)
    return Inspected(
        root=root.relative_to(source).as_posix(),
        architecture=model.architecture,
        family=family.name,
        stages=family.stages,
        parts=tuple(_limited(family.inspect(model, folder), model.asked)),
    )


def _limited(parts: tuple[Part, ...], asked: frozenset[Task]) -> Iterator[Part]:
    """The parts with only the tasks that were asked for, and only those that are left with one."""
    for part in parts:
        tasks = tuple(task for task in part.tasks if not asked or task in asked)
        if tasks:
            yield replace(part, tasks=tasks)


def _config(root: Path) -> PretrainedConfig:
    described = read_json(root / "config.json", Described)
    named = described.name
    if described.auto_map is not None and described.model_type not in CONFIG_MAPPING:
        raise ConversionError(
            f"the architecture {named} is code of the model's own, which is not run here",
            hint="Convert a model of transformers, export it as ONNX, or upload its code with inference.py.",
        )
    try:
        return AutoConfig.from_pretrained(root, local_files_only=True)
    except Exception as error:
        raise ConversionError(
            f"the architecture {named} is not known: {first_line(str(error))}",
            hint="Only architectures of transformers are converted; code that comes with a model is not run.",
        ) from error
