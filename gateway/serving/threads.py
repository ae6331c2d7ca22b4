"""Work off the event loop: a bounded number of threads, and a bounded number of requests that wait."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar, TypeVarTuple

from gateway.serving.errors import OverloadedError

IN_PLACE_CHARACTERS = 1024
"""Texts of at most so many are tokenised and counted at once: that is quicker than waking a thread."""

Args = TypeVarTuple("Args")
T = TypeVar("T")


class Threads:
    """A pool of threads for one kind of work.

    Args:
        name: what is waiting when there is too much, as in "too many NAME are waiting".
        threads: how many pieces of work run at the same time.
        queue: how many more requests may wait; beyond it `admit` refuses at once.

    """

    def __init__(self, name: str, *, threads: int, queue: int) -> None:
        self._name = name
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._limit = threads + queue
        self._pending = 0

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Count one request as in progress, whatever number of pieces it is worked off in.

        Raises:
            OverloadedError: too many are in progress or waiting.

        """
        if self._pending >= self._limit:
            raise OverloadedError(f"too many {self._name} are waiting")
        self._pending += 1
        try:
            yield
        finally:
            self._pending -= 1

    async def run(self, work: Callable[[*Args], T], *args: *Args) -> T:
        """Result of `work`, done by one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, work, *args)

    def close(self) -> None:
        """End the threads; what waits is dropped."""
        self.pool.shutdown(wait=False, cancel_futures=True)
