"""The rows of one call on their way through the batcher."""

import asyncio
from collections.abc import Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from gateway.observability.timing import Stages, current
from gateway.serving.metering.call import current_call


@dataclass(slots=True, eq=False)
class Row:
    """One row that waits.

    Attributes:
        length: in tokens.
        position: among the rows of its request.

    """

    length: int
    request: "Request"
    position: int

    @property
    def content(self) -> Any:
        """What the request wants to have sent."""
        return self.request.contents[self.position]


def _owner() -> object:
    call = current_call()
    return None if call is None else call.caller.id


@dataclass(slots=True, eq=False)
class Request:
    """A call's rows and its way back.

    Attributes:
        contents: of the rows, in the caller's order.
        results: one a row, as they come.
        waiting: rows that are not on their way yet, shortest first.
        finished: done with the last result, or with the first failure.
        context: of the caller, for log lines and traces.
        stages: of the HTTP request; see `gateway.observability.timing`.
        owner: the key that it came with, which shares the engine with others alike.

    """

    contents: Sequence[Any]
    results: list[Any]
    finished: "asyncio.Future[None]"
    waiting: dict[int, Row] = field(default_factory=dict)
    context: Context = field(default_factory=copy_context)
    stages: Stages | None = field(default_factory=current)
    owner: object = field(default_factory=_owner)
    _left: bool = False
    _missing: int = 0
    _since: float = field(default_factory=perf_counter)

    @classmethod
    def of(cls, contents: Sequence[Any], lengths: Sequence[int]) -> "Request":
        """A request whose rows all wait."""
        request = cls(contents, [None] * len(contents), asyncio.get_running_loop().create_future())
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        request.waiting = {position: Row(lengths[position], request, position) for position in order}
        request._missing = len(contents)
        return request

    def leaves(self) -> None:
        """Note that a pack with rows of this request sets off; the first one ends its wait."""
        if not self._left:
            self._mark("queue")
        self._left = True

    def deliver(self, position: int, result: Any) -> None:
        """A row's result."""
        self.results[position] = result
        self._missing -= 1
        if not self._missing and not self.finished.done():
            self._mark("triton")
            self.finished.set_result(None)

    def fail(self, error: BaseException) -> None:
        """End the request; results that still come are dropped."""
        if not self.finished.done():
            self.finished.set_exception(error)

    def _mark(self, stage: str) -> None:
        now = perf_counter()
        if self.stages is not None:
            self.stages.add(stage, self._since, now)
        self._since = now
