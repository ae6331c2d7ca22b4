"""The interface by which the generation stages handle both text models and speech models."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from model_repository.backends.generation.job import SILENCE
from model_repository.manifest import TensorSpec

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """What a text begins from; see `model_repository.backends.generation.job.Job`."""

    ids: list[int]
    features: NDArray[np.float32] = field(default_factory=lambda: SILENCE)


class Subject(Protocol):
    """One part of a model that generates.

    Attributes:
        inputs: tensors of its entry.
        steps: tokens to generate from each prompt where it is measured and judged.
        length: how many of them are in an answer that long.

    """

    inputs: tuple[TensorSpec, ...]
    steps: int
    length: int

    def original(self) -> Any:
        """The model in fp32 and evaluation mode."""
        ...

    def export(self, model: Any, folder: Path) -> None:
        """Write its graphs."""
        ...

    def prompts(self) -> list[Prompt]:
        """What to measure and to judge with, from the easiest on."""
        ...

    def scores(self, model: Any, prompt: Prompt, answer: list[int]) -> Scores:
        """What the original thinks of every token at each step of an answer, `[steps, vocabulary]`.

        What the rules forbid is minus infinity; ends of texts are among it.
        """
        ...
