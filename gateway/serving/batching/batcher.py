"""One graph's batcher: packs rows of all callers while earlier packs are being computed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from time import monotonic
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gateway.observability.spans import share
from gateway.serving.batching.cost import UNSETTLED, CostModel, Latency
from gateway.serving.batching.patience import Pace, Patience
from gateway.serving.batching.request import Request, Row
from gateway.serving.batching.waiting import Waiting
from gateway.serving.batching.width import Width
from gateway.serving.errors import OverloadedError
from model_repository.errors import InferenceError, ServerUnavailableError, TriremeError

Tensors = Mapping[str, NDArray[np.generic]]
Infer = Callable[[Tensors], Awaitable[Tensors]]
"""Sends a pack, and raises a TriremeError when that fails."""

Count = Callable[[Sequence[int]], None]
"""Hears how long the rows of a pack were that was answered."""

Split = Callable[[Tensors, Sequence[int]], list[Any | None]]
"""Gives rows of such lengths their parts of the outputs, None for a row whose numbers are not finite; raises
InferenceError when the outputs do not have the shapes that they should have."""


class Inputs(Protocol):
    """What a graph reads."""

    def length(self, content: Any) -> int:
        """What a row counts as when packs are filled, in tokens."""
        ...

    async def prepare(self, contents: Sequence[Any]) -> Sequence[Any]:
        """Whatever has to be done to rows just before they are sent; an error concerns their request alone.

        Raises:
            TriremeError: one cannot be sent.

        """
        ...

    def tensors(self, prepared: Sequence[Any]) -> Tensors:
        """The tensors of a pack, shorter rows padded."""
        ...


class Batcher:
    """Sends a pack as soon as the engine has room for one, so a single caller waits for nobody.

    While the engine is busy rows gather, and the busier it is the better they can be packed: what it computes
    at the moment is the window, there is no other. All state belongs to the event loop.

    Args:
        name: of the model, for messages.
        patience: how long a call may expect to wait.
        cost: what is known of the engine.
        rows_waiting: rows that may wait; beyond it requests are refused, unless none waits.

    """

    def __init__(
        self,
        name: str,
        inputs: Inputs,
        infer: Infer,
        split: Split,
        waiting: Waiting,
        *,
        count: Count,
        patience: Patience,
        cost: CostModel,
        rows_waiting: int,
    ) -> None:
        self.name = name
        self._inputs = inputs
        self._infer = infer
        self._split = split
        self._count = count
        self._waiting = waiting
        self._patience = patience
        self._rows_waiting = rows_waiting
        self._pace = Pace()
        self._cost = cost
        self._latency = Latency()
        self._width = Width(cost.instances)
        self._packs: dict[asyncio.Task[None], list[Request]] = {}
        self._answered = 0

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is on its way."""
        return not self._waiting and not self._packs

    @property
    def waiting(self) -> int:
        """Rows that wait."""
        return len(self._waiting)

    def takes(self, rows: int = 1) -> bool:
        """Whether a call with so many rows may wait here; each refusal prolongs an overload."""
        if not self._waiting:
            return True
        crowded = len(self._waiting) + rows > self._rows_waiting
        return not crowded and self._patience.allows(self._pace.seconds(self._waiting.tokens))

    async def run(self, contents: Sequence[Any]) -> list[Any]:
        """Results of a call's rows, in their order.

        Raises:
            OverloadedError: too many rows wait, or those that do will take too long.
            TriremeError: as preparing or sending has it.

        """
        if not contents:
            return []
        if not self.takes(len(contents)):
            raise OverloadedError(f"too many rows are waiting for model {self.name}")
        request = Request.of(contents, [self._inputs.length(content) for content in contents])
        self._waiting.add(request)
        self._send_packs()
        try:
            await request.finished
        except asyncio.CancelledError:
            self._cancel_abandoned()
            raise
        finally:
            self._waiting.remove(request)
        return request.results

    def _send_packs(self) -> None:
        while self._waiting and len(self._packs) < self._width.limit:
            rows = self._waiting.take(self._cost)
            requests = _requests(rows)
            for request in requests:
                request.leaves()
            context = requests[0].context.copy()
            if len(requests) > 1:
                context.run(share, [request.stages for request in requests[1:]])
            task = asyncio.create_task(self._send(rows, first=not self._packs), context=context)
            self._packs[task] = requests
            task.add_done_callback(self._back)

    def _cancel_abandoned(self) -> None:
        for task, requests in self._packs.items():
            if all(request.finished.done() for request in requests):
                task.cancel()

    def _back(self, task: "asyncio.Task[None]") -> None:
        del self._packs[task]
        self._send_packs()

    async def _send(self, rows: list[Row], *, first: bool = False) -> None:
        """Bring a pack to its end, whatever happens: each of its requests hears of it.

        Args:
            first: no other pack is on its way.

        """
        try:
            sent, prepared = await self._prepare(rows)
            await self._exchange(sent, prepared, first=first)
        except InferenceError as error:
            await self._send_apart(rows, error)
        except asyncio.CancelledError:
            _fail(rows, ServerUnavailableError("the gateway is stopping"))
            raise
        except Exception as error:  # noqa: BLE001 - raised by the requests, in the tasks of their callers
            _fail(rows, error)

    async def _send_apart(self, rows: list[Row], error: InferenceError) -> None:
        """After a failure of a pack of several requests: none of them should suffer from another's input."""
        requests = _requests(rows)
        if len(requests) == 1:
            _fail(rows, error)
            return
        for request in requests:
            await self._send([row for row in rows if row.request is request])

    async def _prepare(self, rows: list[Row]) -> tuple[list[Row], list[Any]]:
        """The rows that can be sent, and what is to be sent of them."""
        sent: list[Row] = []
        prepared: list[Any] = []
        for _, group in groupby(sorted(rows, key=_request_id), key=_request_id):
            own = list(group)
            try:
                prepared += await self._inputs.prepare([row.content for row in own])
                sent += own
            except TriremeError as error:
                _fail(own, error)
        return sent, prepared

    async def _exchange(self, rows: list[Row], prepared: list[Any], *, first: bool) -> None:
        if all(row.request.finished.done() for row in rows):
            return  # their callers have left
        tensors, begun = self._inputs.tensors(prepared), monotonic()
        outputs = await self._infer(tensors)
        lengths, answered = [row.length for row in rows], monotonic()
        results = self._split(outputs, lengths)
        for row, result in zip(rows, results, strict=True):
            if result is None:
                row.request.fail(unusable(self.name))
            else:
                row.request.deliver(row.position, result)
        # Answers come first: they are what callers wait for.
        asyncio.get_running_loop().call_soon(partial(self._learn, lengths, begun, answered, first=first))

    def _learn(self, lengths: Sequence[int], sent: float, answered: float, *, first: bool) -> None:
        self._count(lengths)
        self._pace.back(sum(lengths), answered, waiting=bool(self._waiting))
        self._answered += 1
        if self._answered <= UNSETTLED:
            return
        tokens = self._waiting.computed(lengths)
        self._cost.observe(tokens, sent, answered)
        work = self._cost.seconds(tokens)
        if first:
            self._latency.observe(answered - sent, work)
        if self._waiting:
            self._width.observe(self._latency.seconds(work), answered - sent)


def unusable(model: str) -> InferenceError:
    """The error for outputs that nobody can use."""
    return InferenceError(f"model {model} answered with something unusable")


def _requests(rows: Iterable[Row]) -> list[Request]:
    return list(dict.fromkeys(row.request for row in rows))


def _request_id(row: Row) -> int:
    return id(row.request)


def _fail(rows: Iterable[Row], error: BaseException) -> None:
    for request in _requests(rows):
        request.fail(error)
