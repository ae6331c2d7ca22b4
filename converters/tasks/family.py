"""What the stages need to know of a family of tasks."""

from pathlib import Path
from typing import Protocol

import torch

from converters.results import Inspected
from converters.tensors import Tensors
from model_repository.manifest import ParityCase


class Family(Protocol):
    """One family; no state of its own."""

    answer: str
    """The output that callers ask for; every element of it counts, whatever the padding."""

    def claims(self, architecture: str, *, pipeline: bool) -> bool:
        """Whether models of this architecture do this task when nobody says which they do."""
        ...

    def load(self, source: Path, facts: Inspected) -> torch.nn.Module:
        """The original in fp32 and evaluation mode: named tensors in, a dict of named tensors out."""
        ...

    def compare(self, original: Tensors, converted: Tensors, inputs: Tensors) -> ParityCase:
        """Figures of one batch."""
        ...
