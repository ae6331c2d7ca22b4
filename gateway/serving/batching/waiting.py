"""The queue of rows that wait for one graph: fair between API keys, and between the requests of a key."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from gateway.serving.batching.cost import CostModel
from gateway.serving.batching.request import Request, Row

T = TypeVar("T")


class Waiting(ABC):
    """Keys take turns, however many requests each has, and so do the requests of a key, whatever their rows.

    Args:
        max_rows: most rows of a pack.
        max_tokens: most tokens of a pack, padding included; a longer row travels alone.
        max_seconds: longest that a pack of several rows may take, which bounds how long a short row waits
            behind long ones.

    """

    def __init__(self, *, max_rows: int, max_tokens: int, max_seconds: float) -> None:
        self._requests: dict[object, deque[Request]] = {}  # by owner, whose turn it is first
        self._rows = 0
        self._tokens = 0
        self._max_rows = max_rows
        self._max_tokens = max_tokens
        self._max_seconds = max_seconds

    def __len__(self) -> int:
        """Rows that wait."""
        return self._rows

    @property
    def tokens(self) -> int:
        """Length of all rows that wait, together."""
        return self._tokens

    def add(self, request: Request) -> None:
        """Let a request's rows wait."""
        self._rows += len(request.waiting)
        self._tokens += sum(row.length for row in request.waiting.values())
        self._requests.setdefault(request.owner, deque()).append(request)

    def remove(self, request: Request) -> None:
        """Forget the rows of a request that has ended."""
        self._forget([*request.waiting.values()])

    @abstractmethod
    def take(self, cost: CostModel) -> list[Row]:
        """Rows of the next pack; there must be one."""

    @abstractmethod
    def computed(self, lengths: Sequence[int]) -> int:
        """Tokens that the engine computes for a pack of such rows."""

    def _next(self) -> Row:
        """The row whose turn it is; there must be one."""
        while True:
            owner, requests = next(iter(self._requests.items()))
            while requests and not requests[0].waiting:
                requests.popleft()
            if requests:
                return next(iter(requests[0].waiting.values()))
            del self._requests[owner]

    def _in_turn(self) -> Iterator[Row]:
        """Rows in the order of their turns, as long as none is taken."""
        return _alternate(
            _alternate(request.waiting.values() for request in requests)
            for requests in self._requests.values()
        )

    def _pass_on(self) -> None:
        """Give the next key its turn, and the next request of the key that had it."""
        owner = next(iter(self._requests))
        requests = self._requests.pop(owner)
        requests.rotate(-1)
        self._requests[owner] = requests

    def _limit(self, cost: CostModel) -> float:
        """Tokens of a pack of several rows."""
        return min(self._max_tokens, self._max_seconds / cost.per_token - cost.overhead)

    def _forget(self, rows: Iterable[Row]) -> None:
        for row in rows:
            del row.request.waiting[row.position]
            self._rows -= 1
            self._tokens -= row.length


def _alternate(several: Iterable[Iterable[T]]) -> Iterator[T]:
    """The first of each, then the second of each, and so on; nothing is asked for before it is needed."""
    left: Iterable[Iterator[T]] = map(iter, several)
    while left:
        again = []
        for one in left:
            for item in islice(one, 1):
                yield item
                again.append(one)
        left = again
