"""Length-aware batching: rows of like length travel together, so that little of a batch is padding.

Triton's own batcher merges only requests of equal shape, which real text hardly ever has. Here the rows of a
request are sorted by length and cut into packs; the caller gets its results back in its own order.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

Pack = list[int]
"""Positions of the rows of one batch, shortest row first."""


def pack(lengths: Sequence[int], *, max_rows: int, max_tokens: int) -> list[Pack]:
    """Positions 0..n-1 in as few packs as their order by length allows.

    A pack takes no more than `max_rows` rows and, padded to its longest row, no more than `max_tokens`
    tokens; a row that is longer by itself travels alone.
    """
    packs: list[Pack] = []
    open_pack: Pack = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        padded = (len(open_pack) + 1) * lengths[position]
        if open_pack and (len(open_pack) == max_rows or padded > max_tokens):
            packs.append(open_pack)
            open_pack = []
        open_pack.append(position)
    if open_pack:
        packs.append(open_pack)
    return packs


async def send_all(packs: Sequence[Pack], send: Callable[[Pack], Awaitable[None]], *, at_once: int) -> None:
    """Send every pack, at most `at_once` together; the first failure cancels the rest and is raised."""
    if len(packs) == 1:
        await send(packs[0])
        return
    waiting = iter(packs)

    async def work() -> None:
        for each in waiting:
            await send(each)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(at_once, len(packs))):
                group.create_task(work())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
