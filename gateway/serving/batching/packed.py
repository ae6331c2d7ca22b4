"""Rows for graphs that compute no padding: they stand one behind the other in lines, which should be full.

See `model_repository.backends.packing`, where these lines are the rows of a tensor.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from operator import attrgetter

from gateway.serving.batching.cost import CostModel
from gateway.serving.batching.request import Row
from gateway.serving.batching.waiting import Waiting
from model_repository.backends.packing import WIDE, aligned, work

OVERHEADS = 32
"""Tokens of a pack as a multiple of what the pack itself costs: with more nothing would be gained, and those
behind would wait longer."""

FILLING = 16
"""Rows of a pack that may go beyond that: packs of few long texts differ in shape, and each new one costs."""

_length = attrgetter("length")


class PackedRows(Waiting):
    """Packs of lines, each begun by the row whose turn it is and filled with others; see `Waiting`."""

    def take(self, cost: CostModel) -> list[Row]:
        """Rows of the next pack; there must be one.

        Little enough goes all at once. Otherwise lines are either as wide as the row whose turn it is, or
        `WIDE`, which is easier to fill but costs more: whichever lets the engine read more tokens a second.
        What is too long for them keeps its turn.
        """
        taken = waiting = list(islice(self._in_turn(), self._max_rows))
        first = self._next()
        self._pass_on()
        limit, enough = self._limit(cost), OVERHEADS * cost.overhead
        if len(waiting) < len(self) or self.tokens > min(limit, enough):
            narrow, fastest = aligned(first.length), 0.0
            for wanted in (narrow, max(narrow, WIDE)):
                width = max(first.length, min(wanted, int(limit)))
                lines = list(_pack(_lines(waiting, width), width, limit, enough))
                rows = list(chain.from_iterable(lines))
                speed = sum(map(_length, rows)) / (cost.overhead + work(width, len(lines)))
                if speed > fastest:
                    fastest, taken = speed, rows
        self._forget(taken)
        return taken

    def computed(self, lengths: Sequence[int]) -> int:
        """Each row as long as it is."""
        return sum(lengths)


def _pack(lines: Iterator[list[Row]], width: int, limit: float, enough: float) -> Iterator[list[Row]]:
    """As many of the lines as a pack should have, at least one."""
    rows = tokens = 0
    for line in lines:
        if rows and (tokens + width > limit or (tokens >= enough and rows >= FILLING)):
            return
        yield line
        rows, tokens = rows + len(line), tokens + width


def _lines(waiting: Sequence[Row], width: int) -> Iterator[list[Row]]:
    """Each begins with the first row that is left and fits, and goes on with the longest that still do."""
    # Of rows alike the first one stands last, where it is found.
    left = sorted((row for row in reversed(waiting) if row.length <= width), key=_length)
    placed: set[Row] = set()
    for first in waiting:
        if first.length <= width and first not in placed:
            line: list[Row] = []
            room, fits = width, first.length
            while at := bisect_right(left, fits, key=_length):
                line.append(left.pop(at - 1))
                room -= line[-1].length
                fits = room
            placed.update(line)
            yield line
