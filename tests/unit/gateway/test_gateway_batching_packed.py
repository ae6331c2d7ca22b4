"""Packs for graphs that compute no padding: who travels with whom, and what is computed then."""

import random
from collections import deque
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.serving.batching.cost import CostModel
from gateway.serving.batching.packed import FILLING, OVERHEADS, PackedRows
from gateway.serving.batching.request import Request, Row
from model_repository.backends.packing import Layout, work

CALLERS, IN_FLIGHT = 64, 2


def rows(*lengths: int, max_rows: int = 64, max_tokens: int = 10**6) -> PackedRows:
    """A request for each row, which came in this order."""
    waiting = PackedRows(max_rows=max_rows, max_tokens=max_tokens, max_seconds=10**6)
    for length in lengths:
        waiting.add(Request.of([length], [length]))
    return waiting


def packs(waiting: PackedRows, cost: CostModel | None = None) -> Iterator[list[int]]:
    while waiting:
        yield [row.length for row in waiting.take(cost or CostModel())]


@given(
    requests=st.lists(st.lists(st.integers(1, 600), min_size=1, max_size=30), min_size=1, max_size=10),
    max_rows=st.integers(1, 40),
    max_tokens=st.integers(1, 4096),
    max_seconds=st.floats(1e-3, 1),
)
async def test_the_row_in_turn_goes_and_every_row_once_within_the_bounds(
    requests: list[list[int]], max_rows: int, max_tokens: int, max_seconds: float
) -> None:
    waiting = PackedRows(max_rows=max_rows, max_tokens=max_tokens, max_seconds=max_seconds)
    for lengths in requests:
        waiting.add(Request.of(lengths, lengths))
    cost, taken = CostModel(), set[Row]()
    while waiting:
        first = waiting._next()
        pack = waiting.take(cost)
        assert first in pack
        assert taken.isdisjoint(pack)
        assert len(pack) <= max_rows
        tokens = sum(row.length for row in pack)
        assert len(pack) == 1 or tokens <= max_tokens
        assert len(pack) == 1 or cost.seconds(tokens) <= max_seconds * (1 + 1e-9)
        taken.update(pack)
    assert len(taken) == sum(map(len, requests))


async def test_little_goes_all_at_once() -> None:
    cost = CostModel(overhead=50)
    lengths = [200] * (int(OVERHEADS * cost.overhead) // 200)
    assert list(packs(rows(*lengths), cost)) == [lengths]


async def test_what_is_far_more_than_a_pack_costs_by_itself_is_parted() -> None:
    cost = CostModel(overhead=10)
    assert max(map(len, packs(rows(*[100] * 200), cost))) <= FILLING + 2


async def test_lines_are_filled_with_the_longest_that_fit() -> None:
    waiting = rows(250, 100, 50, 150, 6, max_tokens=256)
    assert list(packs(waiting)) == [[250, 6], [100, 150], [50]]


async def test_texts_alike_in_length_need_no_lines_wider_than_they_are() -> None:
    waiting = rows(*[136, 250] * 20, max_rows=40)
    cost = CostModel(overhead=10)
    assert set(next(packs(waiting, cost))) == {136}
    assert set(next(packs(waiting, cost))) == {250}


async def test_a_long_row_waits_no_longer_because_it_fits_nowhere() -> None:
    waiting = rows(*[40] * 30, 600, *[40] * 500)
    found = next(at for at, pack in enumerate(packs(waiting, CostModel(overhead=8))) if 600 in pack)
    assert found <= 30


async def test_keys_share_a_pack_alike() -> None:
    waiting = PackedRows(max_rows=20, max_tokens=10**6, max_seconds=10**6)
    for owner in ["busy"] * 200 + ["calm"] * 10:
        request = Request.of([30], [30])
        request.owner = owner
        waiting.add(request)
    owners = [row.request.owner for row in waiting.take(CostModel())]
    assert owners.count("calm") == owners.count("busy") == 10


def arranged(lengths: list[int]) -> float:
    """What a pack of such rows costs the engine."""
    mask = np.arange(max(lengths)) < np.array(lengths)[:, None]
    height, width = Layout.of(mask).shape
    return work(width, height)


@pytest.mark.parametrize(
    ("median", "longest", "saved"),
    [pytest.param(125, 256, 0.04, id="long"), pytest.param(200, 512, 0.08, id="very long")],
)
async def test_long_texts_leave_less_room_than_in_turn(median: int, longest: int, saved: float) -> None:
    draw = random.Random(7)
    lengths = [max(3, min(longest, round(median * draw.lognormvariate(0, 0.7)))) for _ in range(2000)]
    in_turn = sum(arranged(lengths[at : at + FILLING]) for at in range(0, len(lengths), FILLING))
    left = deque(lengths)
    waiting = rows(*[left.popleft() for _ in range(CALLERS)])
    sent: deque[list[Row]] = deque()
    cost, chosen = CostModel(overhead=50), 0.0
    while waiting or sent:  # whose answer comes asks again
        while waiting and len(sent) < IN_FLIGHT:
            sent.append(waiting.take(cost))
        pack = [row.length for row in sent.popleft()]
        chosen += arranged(pack)
        for length in [left.popleft() for _ in pack[: len(left)]]:
            waiting.add(Request.of([length], [length]))
    assert chosen < (1 - saved) * in_turn
