"""A circuit breaker: a provider that fails again and again is left alone for a while."""

from collections.abc import Callable
from enum import StrEnum

FAILURES = 5
"""Failures in a row that open the breaker."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 8.0
"""Seconds for which it stays open at first and, doubling with each failed trial, at most."""


class BreakerState(StrEnum):
    """Closed lets everything through, open nothing, half-open one trial at a time."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitBreaker:
    """Counts failures in a row; used from the event loop's thread only.

    Whoever is let in by `enter` reports exactly one of `succeeded`, `failed` and `left`.

    Args:
        clock: monotonic time in seconds.

    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._open_until: float | None = None
        self._trying = False

    @property
    def state(self) -> BreakerState:
        """What `enter` would meet now."""
        if self._open_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._clock() < self._open_until else BreakerState.HALF_OPEN

    def enter(self) -> bool:
        """Whether a request may pass; in the half-open state only when no other is on trial."""
        match self.state:
            case BreakerState.CLOSED:
                return True
            case BreakerState.HALF_OPEN if not self._trying:
                self._trying = True
                return True
        return False

    def succeeded(self) -> None:
        """The provider answered: all is well again."""
        self._failures, self._pause = 0, FIRST_PAUSE
        self._open_until, self._trying = None, False

    def failed(self) -> None:
        """The provider did not answer, or said that it cannot."""
        self._failures += 1
        if self._trying:
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        if self._trying or (self._open_until is None and self._failures >= FAILURES):
            self._open_until = self._clock() + self._pause
        self._trying = False

    def left(self) -> None:
        """The request ended without telling anything, such as when its caller went away."""
        self._trying = False

    def reached(self) -> None:
        """A probe got through: the next request may try at once. It alone closes the breaker."""
        if self._open_until is not None:
            self._open_until = min(self._open_until, self._clock())
