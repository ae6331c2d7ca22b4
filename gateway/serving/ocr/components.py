"""Connected areas of a mask, by their runs: stretches of set pixels in one row."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs in the order of their rows; run `i` covers the columns `starts[i]` up to before `ends[i]`."""

    rows: Numbers
    starts: Numbers
    ends: Numbers

    def __getitem__(self, chosen: Numbers) -> "Runs":
        return Runs(self.rows[chosen], self.starts[chosen], self.ends[chosen])

    @property
    def pixels(self) -> int:
        """How many the runs cover."""
        return int((self.ends - self.starts).sum())


def largest_components(mask: NDArray[np.bool_], most: int) -> Iterator[Runs]:
    """The areas whose pixels touch, at corners too; of more than `most` areas only the largest."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    runs = Runs(rows, starts, np.nonzero(edges == -1)[1])
    labels = _labels(len(rows), *_touching(runs, mask.shape[1]))
    pixels = np.bincount(labels, weights=runs.ends - runs.starts)
    largest = np.argsort(-pixels, kind="stable")[:most]
    kept = np.flatnonzero(np.isin(labels, largest[pixels[largest] > 0]))
    order = kept[np.argsort(labels[kept], kind="stable")]
    borders = np.flatnonzero(np.diff(labels[order])) + 1
    for chosen in np.split(order, borders):
        if len(chosen):
            yield runs[chosen]


def _touching(runs: Runs, width: int) -> tuple[Numbers, Numbers]:
    """Pairs of runs in neighbouring rows that touch."""
    stride = width + 2
    below = (runs.rows + 1) * stride
    first = np.searchsorted(runs.rows * stride + runs.ends, below + runs.starts, side="left")
    behind = np.searchsorted(runs.rows * stride + runs.starts, below + runs.ends, side="right")
    counts = np.maximum(behind - first, 0)
    upper = np.repeat(np.arange(len(counts)), counts)
    offsets = np.arange(len(upper)) - np.repeat(np.cumsum(counts) - counts, counts)
    return upper, first[upper] + offsets


def _labels(number: int, left: Numbers, right: Numbers) -> Numbers:
    """For each run the smallest run of its area: roots are hooked onto smaller ones until none is left."""
    labels = np.arange(number)
    while True:
        one, other = labels[left], labels[right]
        if np.array_equal(one, other):
            return labels
        np.minimum.at(labels, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(labels, labels[labels]):
            labels = labels[labels]
