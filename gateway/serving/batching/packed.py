"""Rows for graphs that compute no padding: they travel in turn, whatever their lengths."""

from collections.abc import Sequence

from gateway.serving.batching.cost import CostModel
from gateway.serving.batching.request import Row
from gateway.serving.batching.waiting import Waiting

OVERHEADS = 32
"""Tokens of a pack as a multiple of what the pack itself costs: with more nothing would be gained, and those
behind would wait longer."""

FILLING = 16
"""Rows of a pack that may go beyond that: of few long texts not many fit together without leaving room."""


class PackedRows(Waiting):
    """Packs of the rows whose turn it is; see `Waiting`."""

    def take(self, cost: CostModel) -> list[Row]:
        """Rows of the next pack, as many in turn as fit together; there must be one."""
        limit, enough = self._limit(cost), OVERHEADS * cost.overhead
        taken: list[Row] = []
        tokens = 0
        while len(self) and len(taken) < self._max_rows:
            row = self._next()
            tokens += row.length
            if taken and (tokens > limit or (tokens > enough and len(taken) >= FILLING)):
                break
            self._pass_on()
            self._forget([row])
            taken.append(row)
        return taken

    def computed(self, lengths: Sequence[int]) -> int:
        """Each row as long as it is."""
        return sum(lengths)
