"""Runs the parts of one request concurrently, up to a limit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def for_each(items: Sequence[T], work: Callable[[T], Awaitable[None]], *, at_once: int) -> None:
    """Work on every item, at most `at_once` together; the first failure cancels the rest and is raised."""
    if len(items) == 1:
        await work(items[0])
        return
    waiting = iter(items)

    async def take() -> None:
        for each in waiting:
            await work(each)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_once, len(items))):
                group.create_task(take())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
