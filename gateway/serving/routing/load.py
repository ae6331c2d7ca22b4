"""What a gateway knows of one provider: how busy it is, how quickly it begins, and whether it works."""

import math
from collections import deque
from collections.abc import Callable

from gateway.serving.routing.breaker import CircuitBreaker

WINDOW_SECONDS = 120.0
"""Age from which a sample no longer counts."""

MOST_SAMPLES = 1000
REFRESH_SECONDS = 1.0
"""How long a percentile holds before it is worked out again."""


class ProviderLoad:
    """State of one provider in memory.

    Attributes:
        in_flight: requests that it is working on for this gateway.

    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.in_flight = 0
        self.breaker = CircuitBreaker(clock)
        self._clock = clock
        self._samples: deque[tuple[float, float]] = deque(maxlen=MOST_SAMPLES)
        self._percentile: float | None = None
        self._fresh_until = -math.inf

    def began(self, seconds: float) -> None:
        """A stream brought its first piece after so many seconds."""
        if not self._samples:
            self._fresh_until = -math.inf
        self._samples.append((self._clock(), seconds))

    @property
    def time_to_first(self) -> float | None:
        """95th percentile (nearest rank) of the times to the first piece; None without recent streams."""
        now = self._clock()
        if now >= self._fresh_until:
            while self._samples and self._samples[0][0] < now - WINDOW_SECONDS:
                self._samples.popleft()
            times = sorted(seconds for _, seconds in self._samples)
            self._percentile = times[math.ceil(0.95 * len(times)) - 1] if times else None
            self._fresh_until = now + REFRESH_SECONDS
        return self._percentile
