"""Packing and sending."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.serving.batching import pack, send_all


@given(
    lengths=st.lists(st.integers(1, 600), max_size=200),
    max_rows=st.integers(1, 64),
    max_tokens=st.integers(1, 4096),
)
def test_packs_hold_every_row_once_within_both_bounds(
    lengths: list[int], max_rows: int, max_tokens: int
) -> None:
    packs = pack(lengths, max_rows=max_rows, max_tokens=max_tokens)
    assert sorted(position for each in packs for position in each) == list(range(len(lengths)))
    assert [lengths[position] for each in packs for position in each] == sorted(lengths)
    for each in packs:
        assert 1 <= len(each) <= max_rows
        assert len(each) == 1 or len(each) * max(lengths[position] for position in each) <= max_tokens


def test_equal_lengths_fill_packs() -> None:
    packs = pack([5] * 20, max_rows=8, max_tokens=1000)
    assert [len(each) for each in packs] == [8, 8, 4]


async def test_no_more_packs_on_their_way_than_allowed() -> None:
    running = most = 0
    sent: list[int] = []

    async def send(positions: list[int]) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        sent.extend(positions)
        running -= 1

    await send_all([[number] for number in range(20)], send, at_once=3)
    assert sorted(sent) == list(range(20))
    assert most == 3


async def test_first_failure_cancels_the_rest_and_is_raised_as_it_is() -> None:
    cancelled = asyncio.Event()

    async def send(positions: list[int]) -> None:
        if positions == [1]:
            raise ValueError("broken")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(ValueError, match="broken"):
        await send_all([[0], [1]], send, at_once=2)
    assert cancelled.is_set()
