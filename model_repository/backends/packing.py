"""Sequence packing: texts one behind the other in the rows of a graph, where padding would otherwise be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
Tensors = dict[str, Array]
Integers = NDArray[np.int64]

MASK = "attention_mask"

STEP = 8
"""Widths, and numbers of texts, are multiples of it: engines prepare themselves for each new shape."""

WIDE = 256
"""Tokens in a row from which on wider ones are not tried, unless a text is longer."""

TRIED = 8
"""Widths beside the narrowest one."""

ATTENTION = 1600
"""Tokens in a row with which attention costs as much again as all else; measured with hidden sizes of 384."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tokens of a padded batch `[texts, length]` stand in packed rows `[rows, width]`.

    Attributes:
        shape: rows and width.
        texts: of the padded batch, and its length.
        source: text and column of each token that counts, text by text.
        target: where it stands, counted over all rows.
        first: of each text, where its first token stands.

    """

    shape: tuple[int, int]
    texts: tuple[int, int]
    source: tuple[Integers, Integers]
    target: Integers
    first: Integers

    @classmethod
    def of(cls, mask: Array) -> Self:
        """Pack what a mask `[texts, length]` of ones and zeros leaves; a text of nothing is one token."""
        counts = mask != 0
        counts[:, 0] |= ~counts.any(1)
        lengths = counts.sum(1)
        width, rows, starts = _arrange(lengths.tolist())
        first = np.array(starts, np.int64)
        text, column = np.nonzero(counts)
        behind = np.arange(len(text)) - np.repeat(lengths.cumsum() - lengths, lengths)
        return cls(
            (rows, width),
            (mask.shape[0], mask.shape[1]),
            (text, column),
            np.repeat(first, lengths) + behind,
            first,
        )

    def inputs(self, batch: Mapping[str, Array]) -> Tensors:
        """A padded batch as a packed graph reads it; see `converters.families.packed`.

        `first_tokens` has zeros up to a multiple of `STEP`, of whose answers nothing is used.
        """
        text, column = self.source
        texts = len(self.first)
        return {
            **{name: self._pack(tensor[self.source]) for name, tensor in batch.items() if name != MASK},
            "position_ids": self._pack(column),
            "segments": self._pack(text + 1),
            "first_tokens": np.pad(self.first, (0, aligned(texts) - texts)) if texts > 1 else self.first,
        }

    def output(self, answer: Array, *, by_token: bool) -> Array:
        """An answer as a plain graph gives it: `[texts, length, ...]`, zeros behind, or `[texts, ...]`."""
        if not by_token:
            return answer[: len(self.first)]
        batch = np.zeros(self.texts + answer.shape[2:], answer.dtype)
        batch[self.source] = answer.reshape(-1, *answer.shape[2:])[self.target]
        return batch

    def _pack(self, values: Array) -> Array:
        packed = np.zeros(self.shape, values.dtype)
        packed.reshape(-1)[self.target] = values
        return packed


def work(width: int, rows: int) -> float:
    """What rows of a width cost, empty or full, as a number of tokens in narrow ones."""
    return width * rows * (1 + width / ATTENTION)


def _arrange(lengths: Sequence[int]) -> tuple[int, int, list[int]]:
    """Width and number of rows that cost least, and where each text begins."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    tried = ((width, *_fill(lengths, order, width)) for width in _widths(lengths))
    return min(tried, key=lambda one: work(one[0], one[1]))


def _widths(lengths: Sequence[int]) -> Iterator[int]:
    """A text in each row, and what would be full with as few rows as may be, one more, ..."""
    narrow, total = aligned(max(lengths)), sum(lengths)
    yield narrow
    fewest = -(-total // WIDE)
    for rows in range(fewest, min(fewest + TRIED, total // narrow + 1)):
        if (width := aligned(-(-total // rows))) > narrow:
            yield width


def _fill(lengths: Sequence[int], order: Sequence[int], width: int) -> tuple[int, list[int]]:
    """Rows of a width that are needed, the longest texts first, each where it leaves least room."""
    room: list[int] = []
    starts = [0] * len(lengths)
    for text in order:
        length = lengths[text]
        row = min((row for row, left in enumerate(room) if left >= length), key=room.__getitem__, default=-1)
        if row < 0:
            row = len(room)
            room.append(width)
        starts[text] = row * width + width - room[row]
        room[row] -= length
    return len(room), starts


def aligned(number: int) -> int:
    """The next multiple of `STEP`."""
    return -(-number // STEP) * STEP
