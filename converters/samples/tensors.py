"""Numbers for graphs that take plain tensors."""

from collections.abc import Iterator, Sequence

import numpy as np

from converters.samples.sampler import BATCHES, LENGTHS
from converters.tensors import Tensors
from model_repository.manifest import TensorSpec
from model_repository.tensors import DTYPES, Array

SMALL = 4
"""Whole numbers are drawn from 0 up to below this: often they are the numbers of rows in a table."""

BATCH, PACKS = 8, 8


class TensorSampler:
    """Makes batches: all dynamic first axes have one size, and all other dynamic axes another."""

    def __init__(self, specs: Sequence[TensorSpec]) -> None:
        self._specs = specs
        self._dynamic = any(-1 in spec.shape[1:] for spec in specs)

    def sample(self) -> Tensors:
        """Two rows."""
        return self.batch(2, LENGTHS[1])

    def probe(self, *, even: bool) -> Tensors:
        """Three rows."""
        return self.batch(3, LENGTHS[1])

    def cases(self) -> Iterator[Tensors]:
        """Batches of all sizes and, where another axis is dynamic, of all lengths."""
        for length in LENGTHS if self._dynamic else LENGTHS[:1]:
            for rows in BATCHES:
                yield self.batch(rows, length)

    def traffic(self) -> list[Tensors]:
        """Batches of one size."""
        return [self.batch(BATCH, LENGTHS[-1]) for _ in range(PACKS)]

    def singles(self) -> list[Tensors]:
        """One row, where the graph takes any number of them."""
        return [self.batch(1, LENGTHS[-1])]

    def batch(self, rows: int, length: int) -> Tensors:
        """Normal floats, small whole numbers, and truths as a coin falls."""
        rng = np.random.default_rng(rows * 1000 + length)
        tensors = {}
        for spec in self._specs:
            first, *others = (
                size if size != -1 else (length if axis else rows) for axis, size in enumerate(spec.shape)
            )
            tensors[spec.name] = _draw(rng, spec.datatype, (first, *others))
        return tensors


def _draw(rng: np.random.Generator, datatype: str, shape: tuple[int, ...]) -> Array:
    dtype = DTYPES[datatype]
    if dtype.kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(0, 2 if dtype.kind == "b" else SMALL, shape).astype(dtype)
