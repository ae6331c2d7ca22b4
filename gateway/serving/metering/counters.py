"""Counters of one gateway, in memory, for the strategies of the library `limits`.

The library's own looks through all counters and starts a task at every hit, which ten thousand accounts would
make slow. This one forgets a counter when it meets it again, or in a sweep once in as many hits as there are
counters. Used from the event loop's thread only, so it needs no lock.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import floor
from time import time

from limits.aio.storage.base import MovingWindowSupport, SlidingWindowCounterSupport, Storage


@dataclass(slots=True)
class _Window:
    count: int
    ends: float


@dataclass(slots=True)
class _Log:
    """Hits of the last `expiry` seconds, each with its time and how much it counted."""

    expiry: int
    entries: deque[tuple[float, int]] = field(default_factory=deque)
    total: int = 0

    def forget(self, now: float) -> None:
        while self.entries and self.entries[0][0] <= now - self.expiry:
            self.total -= self.entries.popleft()[1]


class MemoryCounters(Storage, MovingWindowSupport, SlidingWindowCounterSupport):
    """Fixed, moving and sliding windows in dictionaries."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float] = time) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        self._logs: dict[str, _Log] = {}
        self._until_sweep = 0

    def __len__(self) -> int:
        return len(self._windows) + len(self._logs)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the store fails with: memory does not."""
        return MemoryError

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count in a fixed window that opens with its first hit."""
        self._sweep()
        now = self._clock()
        window = self._windows.get(key)
        if window is None or window.ends <= now:
            self._windows[key] = window = _Window(0, now + expiry)
        window.count += amount
        return window.count

    async def get(self, key: str) -> int:
        """Present count of a fixed window."""
        window = self._windows.get(key)
        return 0 if window is None or window.ends <= self._clock() else window.count

    async def get_expiry(self, key: str) -> float:
        """POSIX time at which a fixed window ends."""
        window = self._windows.get(key)
        return self._clock() if window is None else window.ends

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count in the window that ends now, unless it would hold more than `limit`."""
        self._sweep()
        now = self._clock()
        log = self._logs.setdefault(key, _Log(expiry))
        log.forget(now)
        if log.total + amount > limit:
            return False
        log.entries.append((now, amount))
        log.total += amount
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Time of the oldest hit in the window that ends now, and how much it holds."""
        now = self._clock()
        log = self._logs.get(key)
        if log is None:
            return now, 0
        log.forget(now)
        return (log.entries[0][0] if log.entries else now), log.total

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count in the present window, unless with a share of the one before it would exceed `limit`."""
        before, weight, present, _ = await self.get_sliding_window(key, expiry)
        if floor(before * weight / expiry + present) + amount > limit:
            return False
        number = int(self._clock() // expiry)
        await self.incr(f"{key}/{number}", (number + 2) * expiry - self._clock(), amount)
        return True

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Count of the window before, seconds that it still weighs, present count, seconds until gone."""
        number, gone = divmod(self._clock(), expiry)
        before = await self.get(f"{key}/{int(number) - 1}")
        present = await self.get(f"{key}/{int(number)}")
        return before, expiry - gone, present, 2 * expiry - gone

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget a sliding window."""
        number = int(self._clock() // expiry)
        for each in (number - 1, number):
            await self.clear(f"{key}/{each}")

    async def clear(self, key: str) -> None:
        """Forget a counter."""
        self._windows.pop(key, None)
        self._logs.pop(key, None)

    async def check(self) -> bool:
        """Whether the store answers."""
        return True

    async def reset(self) -> int:
        """Forget all counters; returns how many there were."""
        known = len(self)
        self._windows.clear()
        self._logs.clear()
        return known

    async def close(self) -> None:
        """Nothing is held open."""

    def _sweep(self) -> None:
        """Forget what is over, so seldom that a hit pays for one counter on average."""
        self._until_sweep -= 1
        if self._until_sweep > 0:
            return
        now = self._clock()
        self._windows = {key: each for key, each in self._windows.items() if each.ends > now}
        for log in self._logs.values():
            log.forget(now)
        self._logs = {key: each for key, each in self._logs.items() if each.entries}
        self._until_sweep = max(1000, len(self))
