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
        self._requests: deque[Request] = deque()
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
        self._requests.append(request)

    def remove(self, request: Request) -> None:
        """Forget the rows of a request that has ended."""
        for row in request.waiting.values():
            self._rows.remove(row)
            self._tokens -= row.length
        request.waiting.clear()

    def take(self, cost: CostModel) -> list[Row]:
        """Rows of the next pack, shortest first; there must be one.

        Requests take turns in naming the first row, however many rows each has. Around it come the rows next
        in length, of whomever, as long as padding costs less than sending them in a pack of their own.
        """
        first = self._next_row()
        longest: float = first.length
        limit = self._token_limit(cost)
        worth = cost.overhead / cost.per_token if cost.per_token > 0 else inf
        low = self._rows.index(first)
        high = low + 1
        while (rows := high - low) < self._max_rows:
            taller: float = self._rows[high].length if high < len(self._rows) else inf
            above = rows * (taller - longest) if (rows + 1) * taller <= limit else inf
            below = longest - self._rows[low - 1].length if low and (rows + 1) * longest <= limit else inf
            if min(above, below) > worth or min(above, below) == inf:
                break
            if above < below:
                high, longest = high + 1, taller
            else:
                low -= 1
        return self._remove(low, high)

    def _token_limit(self, cost: CostModel) -> float:
        if cost.per_token <= 0:
            return self._max_tokens
        return min(self._max_tokens, (self._max_seconds - cost.overhead) / cost.per_token)

    def _next_row(self) -> Row:
        while not self._requests[0].waiting:
            self._requests.popleft()
        request = self._requests[0]
        self._requests.rotate(-1)
        return next(iter(request.waiting.values()))

    def _remove(self, low: int, high: int) -> list[Row]:
        taken: list[Row] = list(self._rows[low:high])
        del self._rows[low:high]
        for row in taken:
            del row.request.waiting[row.position]
            self._tokens -= row.length
        return taken
