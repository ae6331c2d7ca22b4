"""What a gateway knows of one provider: how busy it is, how quickly it answers, and whether it works."""

from collections.abc import Callable

from gateway.serving.routing.breaker import CircuitBreaker
from gateway.serving.routing.samples import RecentSamples


class ProviderLoad:
    """State of one provider in memory.

    Attributes:
        in_flight: requests that it is working on for this gateway.

    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.in_flight = 0
        self.breaker = CircuitBreaker(clock)
        self._first = RecentSamples(clock)
        self._whole = RecentSamples(clock)
        self._between = RecentSamples(clock)

    def began(self, seconds: float) -> None:
        """A stream brought its first piece after so many seconds."""
        self._first.add(seconds)

    def answered(self, seconds: float) -> None:
        """An answer was complete after so many seconds."""
        self._whole.add(seconds)

    def flowed(self, seconds: float) -> None:
        """The pieces of a stream came so many seconds apart, on average."""
        self._between.add(seconds)

    @property
    def time_to_first(self) -> float | None:
        """Seconds to the first piece, 95th percentile of recent streams; None without any."""
        return self._first.percentile

    @property
    def latency(self) -> float | None:
        """Seconds of a whole answer, 95th percentile of recent ones; None without any."""
        return self._whole.percentile

    @property
    def pace(self) -> float | None:
        """Seconds between pieces, 95th percentile of recent streams; None without any."""
        return self._between.percentile


class StreamWatch:
    """Times one stream of a provider, from now on."""

    def __init__(self, load: ProviderLoad, clock: Callable[[], float]) -> None:
        self._load = load
        self._clock = clock
        self._start = self._first = clock()
        self.pieces = 0

    def piece(self) -> None:
        """Note a piece."""
        self.pieces += 1
        if self.pieces == 1:
            self._first = self._clock()
            self._load.began(self._first - self._start)

    def end(self) -> None:
        """Note that the answer is complete."""
        now = self._clock()
        self._load.answered(now - self._start)
        if self.pieces > 1:
            self._load.flowed((now - self._first) / (self.pieces - 1))
