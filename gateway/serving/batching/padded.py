"""Rows for graphs that compute padding: what travels together should be alike in length."""

from collections.abc import Sequence
from math import inf
from operator import attrgetter

from sortedcontainers import SortedKeyList

from gateway.serving.batching.cost import CostModel
from gateway.serving.batching.request import Request, Row
from gateway.serving.batching.waiting import Waiting


class PaddedRows(Waiting):
    """Packs of neighbours in length around the row whose turn it is; see `Waiting`."""

    def __init__(self, *, max_rows: int, max_tokens: int, max_seconds: float) -> None:
        super().__init__(max_rows=max_rows, max_tokens=max_tokens, max_seconds=max_seconds)
        self._sorted: SortedKeyList = SortedKeyList(key=attrgetter("length"))

    def add(self, request: Request) -> None:
        """Let a request's rows wait."""
        super().add(request)
        self._sorted.update(request.waiting.values())

    def remove(self, request: Request) -> None:
        """Forget the rows of a request that has ended."""
        for row in request.waiting.values():
            self._sorted.remove(row)
        super().remove(request)

    def take(self, cost: CostModel) -> list[Row]:
        """Rows of the next pack, shortest first; there must be one.

        Around the row whose turn it is come those next in length, of whomever, as long as each of them lets
        the engine read more tokens a second, padding not counted: a pack's overhead is shared by one more,
        against the padding that this one needs or brings.
        """
        first = self._next()
        self._pass_on()
        useful = longest = first.length
        limit = self._limit(cost)
        low = self._sorted.index(first)
        high = low + 1
        while (rows := high - low) < self._max_rows:
            taller = self._sorted[high].length if high < len(self._sorted) else 0
            shorter = self._sorted[low - 1].length if low else 0
            above = _speed(useful + taller, (rows + 1) * taller, limit, cost) if taller else 0.0
            below = _speed(useful + shorter, (rows + 1) * longest, limit, cost) if shorter else 0.0
            if max(above, below) < _speed(useful, rows * longest, inf, cost):
                break
            if above >= below:
                high, longest, useful = high + 1, taller, useful + taller
            else:
                low, useful = low - 1, useful + shorter
        taken: list[Row] = list(self._sorted[low:high])
        del self._sorted[low:high]
        self._forget(taken)
        return taken

    def computed(self, lengths: Sequence[int]) -> int:
        """All rows as long as the longest."""
        return len(lengths) * max(lengths)


def _speed(useful: int, tokens: int, limit: float, cost: CostModel) -> float:
    """Tokens of texts for each token's time, in a pack of so many with padding; none above the limit."""
    return useful / (cost.overhead + tokens) if tokens <= limit else 0.0
