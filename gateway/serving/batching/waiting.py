"""Rows that wait for one graph, and which of them should travel together next."""

from collections import deque
from math import inf
from operator import attrgetter

from sortedcontainers import SortedKeyList

from gateway.serving.batching.cost import CostModel
from gateway.serving.batching.request import Request, Row


class Waiting:
    """All rows by length, and their requests in turn.

    Args:
        max_rows: most rows of a pack.
        max_tokens: most tokens of a pack, padding included; a longer row travels alone.
        max_seconds: longest that a pack of several rows may take, which bounds how long a short row waits
            behind long ones.

    """

    def __init__(self, *, max_rows: int, max_tokens: int, max_seconds: float) -> None:
        self._rows: SortedKeyList = SortedKeyList(key=attrgetter("length"))
        self._requests: dict[object, deque[Request]] = {}  # by owner, whose turn it is first
        self._tokens = 0
        self._max_rows = max_rows
        self._max_tokens = max_tokens
        self._max_seconds = max_seconds

    def __len__(self) -> int:
        """Rows that wait."""
        return len(self._rows)

    @property
    def tokens(self) -> int:
        """Length of all rows that wait, together."""
        return self._tokens

    def add(self, request: Request) -> None:
        """Let a request's rows wait."""
        self._rows.update(request.waiting.values())
        self._tokens += sum(row.length for row in request.waiting.values())
        self._requests.setdefault(request.owner, deque()).append(request)

    def remove(self, request: Request) -> None:
        """Forget the rows of a request that has ended."""
        for row in request.waiting.values():
            self._rows.remove(row)
            self._tokens -= row.length
        request.waiting.clear()

    def take(self, cost: CostModel) -> list[Row]:
        """Rows of the next pack, shortest first; there must be one.

        Keys take turns in naming the first row, however many requests each has, and so do the requests of a
        key, however many rows they have. Around it come the rows next in length, of whomever, as long as each
        of them lets the engine read more tokens a second, padding not counted: a pack's overhead is shared by
        one more, against the padding that this one needs or brings.
        """
        first = self._next_row()
        useful = longest = first.length
        limit = self._token_limit(cost)
        low = self._rows.index(first)
        high = low + 1
        while (rows := high - low) < self._max_rows:
            taller = self._rows[high].length if high < len(self._rows) else 0
            shorter = self._rows[low - 1].length if low else 0
            above = _speed(useful + taller, (rows + 1) * taller, limit, cost) if taller else 0.0
            below = _speed(useful + shorter, (rows + 1) * longest, limit, cost) if shorter else 0.0
            if max(above, below) < _speed(useful, rows * longest, inf, cost):
                break
            if above >= below:
                high, longest, useful = high + 1, taller, useful + taller
            else:
                low, useful = low - 1, useful + shorter
        return self._remove(low, high)

    def _token_limit(self, cost: CostModel) -> float:
        return min(self._max_tokens, self._max_seconds / cost.per_token - cost.overhead)

    def _next_row(self) -> Row:
        while True:
            owner = next(iter(self._requests))
            requests = self._requests.pop(owner)
            while requests and not requests[0].waiting:
                requests.popleft()
            if requests:
                self._requests[owner] = requests
                requests.rotate(-1)
                return next(iter(requests[-1].waiting.values()))

    def _remove(self, low: int, high: int) -> list[Row]:
        taken: list[Row] = list(self._rows[low:high])
        del self._rows[low:high]
        for row in taken:
            del row.request.waiting[row.position]
            self._tokens -= row.length
        return taken


def _speed(useful: int, tokens: int, limit: float, cost: CostModel) -> float:
    """Tokens of texts for each token's time, in a pack of so many with padding; none above the limit."""
    return useful / (cost.overhead + tokens) if tokens <= limit else 0.0
