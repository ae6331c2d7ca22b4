"""What the stages ask of a sampler, whatever the model takes."""

from collections.abc import Iterator
from typing import Protocol

from converters.tensors import Tensors

BATCHES = (1, 3, 8)
LENGTHS = (1, 7, 32)
"""Tokens in the longest row; the model's limit is the fourth."""

LARGEST_BATCH_TOKENS = 16_384
"""Batches above this many tokens are left out: only models with limits above 2048 have such."""


class Sampler(Protocol):
    """Makes deterministic batches for one part."""

    def sample(self) -> Tensors:
        """A small batch, for tracing and for a first run."""
        ...

    def probe(self, *, even: bool) -> Tensors:
        """The batch that is stored with the entry; without padding if `even`."""
        ...

    def cases(self) -> Iterator[Tensors]:
        """The batches of the parity gate."""
        ...

    def traffic(self) -> list[Tensors]:
        """Batches to measure throughput with."""
        ...

    def singles(self) -> list[Tensors]:
        """Batches of one row to measure latency with, of the sizes that the traffic has."""
        ...
