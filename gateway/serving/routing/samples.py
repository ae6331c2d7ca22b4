"""Recent measurements within a time window, and their percentiles."""

import math
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 120.0
"""Age from which a sample no longer counts."""

MOST_SAMPLES = 1000
REFRESH_SECONDS = 1.0
"""How long a percentile holds before it is worked out again."""


class RecentSamples:
    """Samples of the last two minutes.

    Args:
        clock: monotonic time in seconds.

    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._samples: deque[tuple[float, float]] = deque(maxlen=MOST_SAMPLES)
        self._percentile: float | None = None
        self._fresh_until = -math.inf

    def add(self, value: float) -> None:
        """Note a sample."""
        if not self._samples:
            self._fresh_until = -math.inf
        self._samples.append((self._clock(), value))

    @property
    def percentile(self) -> float | None:
        """95th percentile (nearest rank); None without recent samples."""
        now = self._clock()
        if now >= self._fresh_until:
            while self._samples and self._samples[0][0] < now - WINDOW_SECONDS:
                self._samples.popleft()
            values = sorted(value for _, value in self._samples)
            self._percentile = values[math.ceil(0.95 * len(values)) - 1] if values else None
            self._fresh_until = now + REFRESH_SECONDS
        return self._percentile
