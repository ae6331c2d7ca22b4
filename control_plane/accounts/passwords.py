"""Passwords: argon2 in a few threads, behind a bounded queue, because each hash costs memory and time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from control_plane.errors import PasswordsBusyError

T = TypeVar("T")

THREADS = 2
"""Hashes at a time; each takes one core for some hundredths of a second, and 19 MiB."""

QUEUE = 64
"""Hashes that may wait; one more is refused."""


class Passwords:
    """Hashes passwords and checks them, off the event loop.

    The cost is OWASP's for argon2id: the library's default takes four cores from the requests beside it.
    """

    def __init__(self) -> None:
        self._argon2 = PasswordHash([Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)])
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="password")
        self._pending = 0
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """Salted hash of a password.

        Raises:
            PasswordsBusyError: too many are waiting.

        """
        return await self._run(lambda: self._argon2.hash(password))

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether a password is the one whose hash is stored; False for None, after as much work.

        Raises:
            PasswordsBusyError: too many are waiting.

        """

        def check() -> bool:
            if self._nobody is None:
                self._nobody = self._argon2.hash("nobody")
            same = self._argon2.verify(password, self._nobody if stored is None else stored)
            return same and stored is not None

        return await self._run(check)

    def close(self) -> None:
        """End the threads; what waits is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._pending >= THREADS + QUEUE:
            raise PasswordsBusyError("too many passwords are waiting")
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._pending -= 1
