"""The batcher: which rows travel together, when, and what becomes of them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.observability.timing import begin as begin_stages
from gateway.serving.batching.batcher import Batcher
from gateway.serving.batching.cost import UNSETTLED, CostModel
from gateway.serving.batching.packed import PackedRows
from gateway.serving.batching.padded import PaddedRows
from gateway.serving.batching.patience import Patience
from gateway.serving.batching.request import Request
from gateway.serving.batching.waiting import Waiting
from gateway.serving.batching.width import LEAST
from gateway.serving.errors import OverloadedError
from model_repository.errors import InferenceError, RefusedInputError, ServerUnavailableError

KINDS = (PaddedRows, PackedRows)

REFUSED, POISON, NOT_FINITE = 500, 501, 502


@dataclass
class Engine:
    """A graph that doubles numbers once it may; a row is a number, and as long as the number is large."""

    sent: list[list[int]] = field(default_factory=list)
    counted: list[Sequence[int]] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    failure: Exception | None = None

    def length(self, content: int) -> int:
        return content

    async def prepare(self, contents: Sequence[int]) -> Sequence[int]:
        if REFUSED in contents:
            raise RefusedInputError("refused")
        return contents

    def tensors(self, prepared: Sequence[int]) -> Mapping[str, np.ndarray]:
        return {"number": np.array(prepared)}

    async def infer(self, tensors: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        rows = tensors["number"].tolist()
        self.sent.append(rows)
        await self.open.wait()
        if self.failure:
            raise self.failure
        if POISON in rows:
            raise InferenceError("poisoned")
        return {"double": tensors["number"] * 2}

    def split(self, outputs: Mapping[str, np.ndarray], _lengths: Sequence[int]) -> list[int | None]:
        return [None if double == 2 * NOT_FINITE else double for double in outputs["double"].tolist()]


def batcher(
    engine: Engine, *, max_rows: int = 8, rows_waiting: int = 1000, seconds: float = 10**6
) -> Batcher:
    return Batcher(
        "m",
        engine,
        engine.infer,
        engine.split,
        PaddedRows(max_rows=max_rows, max_tokens=10**6, max_seconds=10**6),
        count=engine.counted.append,
        patience=Patience(seconds, seconds),
        cost=CostModel(),
        rows_waiting=rows_waiting,
    )


async def begin(batch: Batcher, *calls: Sequence[int]) -> list[asyncio.Task[list[int]]]:
    """The calls in this order; returns when all that can be on its way is."""
    tasks = [asyncio.create_task(batch.run(call)) for call in calls]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_a_single_caller_waits_for_nobody() -> None:
    engine = Engine()
    (call,) = await begin(batcher(engine), [7])
    assert engine.sent == [[7]]
    engine.open.set()
    assert await call == [14]


async def test_a_pack_is_counted_once_its_callers_have_their_answers() -> None:
    engine = Engine()
    engine.open.set()
    assert await batcher(engine).run([7]) == [14]
    assert not engine.counted
    await asyncio.sleep(0)
    assert engine.counted == [[7]]


async def test_rows_that_come_while_the_engine_is_busy_travel_together_by_length() -> None:
    engine = Engine()
    calls = await begin(batcher(engine), [1], [1], [90], [3], [91, 4], [2])
    assert engine.sent == [[1], [1]]
    engine.open.set()
    assert await asyncio.gather(*calls) == [[2], [2], [180], [6], [182, 8], [4]]
    assert sorted(map(sorted, engine.sent[2:])) == [[2, 3, 4], [90, 91]]


async def test_requests_take_turns_however_many_rows_each_has() -> None:
    engine = Engine()
    batch = batcher(engine, max_rows=2)
    many = [1] * 3 + [50] * 20
    calls = await begin(batch, [1], [1], many, [400])
    engine.open.set()
    await asyncio.gather(*calls)
    assert engine.sent.index([400]) <= 4


@pytest.mark.parametrize("kind", KINDS)
async def test_keys_take_turns_however_many_requests_each_has(kind: type[Waiting]) -> None:
    waiting = kind(max_rows=1, max_tokens=10**6, max_seconds=10**6)
    for owner, length in [*(("busy", 1) for _ in range(50)), ("calm", 2), ("third", 3)]:
        request = Request.of([length], [length])
        request.owner = owner
        waiting.add(request)
    turns = [row.request.owner for _ in range(4) for row in waiting.take(CostModel())]
    assert turns == ["busy", "calm", "third", "busy"]


async def test_callers_who_leave_take_their_rows_along() -> None:
    engine = Engine()
    busy_a, busy_b, left, stays = await begin(batcher(engine), [1], [1], [30, 31], [30])
    left.cancel()
    engine.open.set()
    assert await asyncio.gather(busy_a, busy_b, stays) == [[2], [2], [60]]
    assert engine.sent[2:] == [[30]]


async def test_a_pack_that_nobody_waits_for_is_called_back() -> None:
    engine = Engine()
    batch = batcher(engine)
    left, stays, waits = await begin(batch, [1], [1], [2])
    left.cancel()
    await begin(batch)
    assert engine.sent == [[1], [1], [2]]
    engine.open.set()
    assert await asyncio.gather(stays, waits) == [[2], [4]]


async def test_an_input_that_the_model_fails_on_harms_nobody_else() -> None:
    engine = Engine()
    calls = await begin(batcher(engine), [1], [1], [POISON], [NOT_FINITE], [503], [REFUSED])
    engine.open.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results[:2] == [[2], [2]]
    assert [type(each) for each in results[2:]] == [InferenceError, InferenceError, list, RefusedInputError]


async def test_a_server_that_is_away_fails_its_pack_and_not_the_batcher() -> None:
    engine = Engine(failure=ServerUnavailableError("away"))
    batch = batcher(engine)
    engine.open.set()
    with pytest.raises(ServerUnavailableError):
        await batch.run([1, 2])
    engine.failure = None
    assert await batch.run([1, 2]) == [2, 4]
    await asyncio.sleep(0)
    assert batch.idle


async def test_what_nobody_foresaw_reaches_the_callers() -> None:
    engine = Engine(failure=ZeroDivisionError())
    batch = batcher(engine)
    engine.open.set()
    with pytest.raises(ZeroDivisionError):
        await batch.run([1])
    engine.failure = None
    assert await batch.run([2]) == [4]


async def test_rows_that_wait_are_bounded() -> None:
    engine = Engine()
    batch = batcher(engine, rows_waiting=2)
    calls = await begin(batch, [1], [1], [1, 1], [1])
    with pytest.raises(OverloadedError):
        await calls[-1]
    engine.open.set()
    assert await asyncio.gather(*calls[:-1]) == [[2], [2], [2, 2]]


async def test_the_wait_ends_when_the_first_rows_leave() -> None:
    stages = begin_stages()
    engine = Engine()
    batch = batcher(engine, max_rows=1)
    (call,) = await begin(batch, [1, 1, 1])
    waited = stages.seconds["queue"]
    engine.open.set()
    await call
    assert stages.seconds["queue"] == waited
    assert stages.seconds["triton"] > 0


async def test_no_rows_are_no_work() -> None:
    assert await batcher(Engine()).run([]) == []


@given(
    requests=st.lists(st.lists(st.integers(1, 600), min_size=1, max_size=30), min_size=1, max_size=10),
    max_rows=st.integers(1, 40),
    max_tokens=st.integers(1, 4096),
)
async def test_packs_hold_every_row_once_within_the_bounds(
    requests: list[list[int]], max_rows: int, max_tokens: int
) -> None:
    waiting = PaddedRows(max_rows=max_rows, max_tokens=max_tokens, max_seconds=1)
    for lengths in requests:
        waiting.add(Request.of(lengths, lengths))
    cost, taken = CostModel(), []
    while waiting:
        rows = waiting.take(cost)
        lengths = [row.length for row in rows]
        assert lengths == sorted(lengths)
        assert 1 <= len(rows) <= max_rows
        assert len(rows) == 1 or len(rows) * max(lengths) <= max_tokens
        speed = sum(lengths) / (cost.overhead + len(rows) * max(lengths))
        assert speed >= min(lengths) / (cost.overhead + min(lengths))
        taken += [(row.request, row.position) for row in rows]
    assert len(taken) == len(set(taken)) == sum(map(len, requests))


async def test_who_would_wait_too_long_is_refused_as_soon_as_the_pace_is_known() -> None:
    engine = Engine()
    batch = batcher(engine, max_rows=1, seconds=0.0)
    numbers = range(1, UNSETTLED + LEAST + 1)
    first = await begin(batch, *[[each] for each in numbers])
    engine.open.set()
    assert await asyncio.gather(*first) == [[2 * each] for each in numbers]
    engine.open.clear()
    # So many set off at once; whoever comes next would have to wait.
    sent = await begin(batch, *[[1]] * (batch._width.limit + 1))
    assert not batch.takes()
    with pytest.raises(OverloadedError):
        await batch.run([1])
    engine.open.set()
    await asyncio.gather(*sent)
    assert batch.takes()


async def test_the_slow_first_packs_of_an_engine_teach_nothing() -> None:
    engine = Engine()
    batch = batcher(engine)
    for _ in range(UNSETTLED):
        (call,) = await begin(batch, [3])
        engine.open.set()
        await call
        engine.open.clear()
    assert vars(batch._cost) == vars(CostModel())


@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(st.lists(st.integers(1, 400), min_size=1, max_size=5), max_size=8), st.integers(1, 8))
def test_the_tokens_that_wait_are_always_known(
    kind: type[Waiting], calls: list[list[int]], max_rows: int
) -> None:
    async def play() -> None:
        waiting = kind(max_rows=max_rows, max_tokens=500, max_seconds=10**6)
        requests = [Request.of(call, call) for call in calls]
        for request in requests:
            waiting.add(request)
        for request in requests[::2]:
            waiting.remove(request)
        while waiting:
            left = [row.length for request in requests for row in request.waiting.values()]
            assert waiting.tokens == sum(left)
            waiting.take(CostModel())
        assert waiting.tokens == 0

    asyncio.run(play())
