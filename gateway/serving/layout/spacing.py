"""How far rows stand from each other, and which of them end before they have to."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import quantiles
from typing import Self

from gateway.serving.layout.rows import Row
from gateway.serving.layout.words import first_word

USUAL = 0.15
"""Room between rows, of their size, where there are too few to tell."""

WIDEST = 1.5
"""Room, of a row's size, that the rows of one paragraph leave at most."""

TELLING = 3
"""Rooms from which the usual one is taken: a quarter of them are smaller, those within paragraphs are."""

MORE = 0.5
"""Room beyond the usual one, of a row's size, that parts paragraphs wherever their rows end."""

PARTING = 0.65
"""Room, of a row's size, that parts them where the row above ends early."""

SLACK = 0.75
"""Of a row's size: a space, and what a line may stand short of the edge by chance."""

CLOSE = 2.0
"""Of a row's size: how far apart two rows end that run up to the same edge."""


@dataclass(frozen=True)
class Spacing:
    """Spacing of one column.

    Attributes:
        leading: room between the rows of a paragraph, of their size.
        right: edge that its lines run up to.

    """

    leading: float
    right: float

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """What rows that stand under each other show; at least one."""
        rooms = [above.room_below(row) / _size(above, row) for above, row in pairwise(rows)]
        leading = quantiles(rooms)[0] if len(rooms) >= TELLING else USUAL
        return cls(min(max(leading, USUAL), WIDEST), _edge(rows))

    def parts(self, above: Row, row: Row) -> bool:
        """Whether the room between two rows parts what they say."""
        room = above.room_below(row) / _size(above, row)
        return room > self.leading + MORE or (room > PARTING and self.ends_early(above, row))

    def ends_early(self, above: Row, row: Row) -> bool:
        """Whether a row's first word would have had room in the row above: somebody wanted a new line."""
        word = len(first_word(row.text)) * (row.right - row.left) / len(row.text)
        return self.right - above.right > word + SLACK * _size(above, row)


def _edge(rows: Sequence[Row]) -> float:
    """The furthest x that two rows come close to: a single one may stick out."""
    by_edge = sorted(rows, key=lambda row: row.right, reverse=True)
    close = (row.right for row, other in pairwise(by_edge) if row.right - other.right <= CLOSE * row.size)
    return next(close, by_edge[0].right)


def _size(above: Row, row: Row) -> float:
    return min(above.size, row.size)
