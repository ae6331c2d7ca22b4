"""What a family of models brings to a conversion; the stages are the same for all that are plain graphs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from transformers import PretrainedConfig

from converters.inspection.pipeline import Pipeline
from converters.results import Inspected, Part
from model_repository.manifest import Task

GRAPH_STAGES = "converters.stages"
"""The stages of models that are called once a batch: tensors in, tensors out."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a source says about itself.

    Attributes:
        root: folder of `config.json`, the weights and the tokenizer.
        architecture: class name in `config.json`.
        pipeline: the model's sentence-transformers pipeline, or None where it has none.
        asked: the tasks that the build names; empty where the family is to find out.

    """

    root: Path
    config: PretrainedConfig
    architecture: str
    pipeline: Pipeline | None
    asked: frozenset[Task]


class Family(Protocol):
    """One family; no state of its own.

    Attributes:
        name: as it is saved between stages.
        stages: package whose modules `export`, `optimise`, `compile` and `verify` take a model of this family
            from the source to candidates and a verdict; see `converters.stage.StageFunction`.
        tasks: all that its models can do.

    """

    name: str
    stages: str
    tasks: frozenset[Task]

    def claims(self, model: Description) -> bool:
        """Whether this family converts the model; `model.asked` holds only tasks of this family."""
        ...

    def inspect(self, model: Description, folder: Path, /) -> tuple[Part, ...]:
        """The model's parts; writes the tokenizer of each into the part's folder under `folder`.

        Raises:
            ConversionError: the model is not what the family takes, or its files are damaged.

        """
        ...


class GraphFamily(Family, Protocol):
    """A family whose models go through `converters.stages`."""

    def load(self, source: Path, facts: Inspected, part: Part, /) -> torch.nn.Module:
        """The original in fp32 and evaluation mode: the part's inputs in, a dict of named tensors out.

        Outputs whose second axis is the length may hold anything at padding; all else counts.

        Raises:
            ConversionError: the weights do not fill the model.

        """
        ...
