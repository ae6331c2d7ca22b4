"""Several pieces of work side by side."""

import asyncio

import pytest

from gateway.serving.concurrency import for_each


async def test_no_more_at_once_than_allowed() -> None:
    running = most = 0
    done: list[int] = []

    async def work(item: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        done.append(item)
        running -= 1

    await for_each(range(20), work, at_once=3)
    assert sorted(done) == list(range(20))
    assert most == 3


async def test_first_failure_cancels_the_rest_and_is_raised_as_it_is() -> None:
    cancelled = asyncio.Event()

    async def work(item: int) -> None:
        if item == 1:
            raise ValueError("broken")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(ValueError, match="broken"):
        await for_each([0, 1], work, at_once=2)
    assert cancelled.is_set()
