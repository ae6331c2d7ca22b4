"""A bulkhead: a bounded number at work, a bounded number waiting, all others refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.serving.errors import OverloadedError


class Gate:
    """Bounds work of one kind on the event loop.

    Args:
        name: what waits when there is too much, as in "too many NAME are waiting".
        at_once: that may be at work.
        queue: that may wait; one more is refused.

    """

    def __init__(self, name: str, *, at_once: int, queue: int) -> None:
        self._name = name
        self._slots = asyncio.Semaphore(at_once)
        self._most = at_once + queue
        self._inside = 0

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """A place, as long as the block runs.

        Raises:
            OverloadedError: too many wait.

        """
        if self._inside >= self._most:
            raise OverloadedError(f"too many {self._name} are waiting")
        self._inside += 1
        try:
            async with self._slots:
                yield
        finally:
            self._inside -= 1
