"""Estimates how long a call would wait in the queue, and refuses one that would wait too long."""

from collections.abc import Callable
from time import monotonic

from gateway.serving.batching.cost import UNSETTLED

CALM_SECONDS = 10.0
"""An overload is over when nothing had to be refused for so long."""

MEMORY = 0.9
"""What a pack still counts for the pace after the next one."""


class Patience:
    """Bounds the wait, and keeps it short once it has been too long.

    A burst may wait: its end is in sight. Where more arrives than is ever worked off, the wait would grow to
    its bound and stay there, and every answer would be late. From the first refusal on, only what waits for
    hardly any time is taken, until nothing has been refused for a while.

    Args:
        longest: seconds that a call may expect to wait.
        overloaded: the same during an overload.
        clock: monotonic time in seconds.

    """

    def __init__(self, longest: float, overloaded: float, clock: Callable[[], float] = monotonic) -> None:
        self._longest = longest
        self._overloaded = overloaded
        self._clock = clock
        self._overloaded_until = -CALM_SECONDS

    def allows(self, seconds: float) -> bool:
        """Whether a call may wait for as long as this."""
        now = self._clock()
        if seconds <= (self._overloaded if now < self._overloaded_until else self._longest):
            return True
        self._overloaded_until = now + CALM_SECONDS
        return False


class Pace:
    """Tokens a second that come back while more are waiting, however many packs are worked on together."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._packs = 0
        self._tokens = self._seconds = 0.0

    def back(self, tokens: int, now: float, *, waiting: bool) -> None:
        """Note a pack that came back.

        Args:
            tokens: of its rows.
            now: monotonic time in seconds.
            waiting: whether more rows wait; otherwise the next pack may come at any time.

        """
        if self._last is not None:
            self._packs += 1
            self._tokens = MEMORY * self._tokens + tokens
            self._seconds = MEMORY * self._seconds + now - self._last
        self._last = now if waiting else None

    def seconds(self, tokens: int) -> float:
        """How long so many tokens take; 0 before anything is known."""
        return tokens * self._seconds / self._tokens if self._packs >= UNSETTLED else 0.0
