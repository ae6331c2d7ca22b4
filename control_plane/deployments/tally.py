"""What a version has done within some time: plain figures that add up over gateways and windows."""

import math

import msgspec

GROWTH = 1.1
"""Each bucket of latencies ends so many times later than the one before: figures are right to a tenth."""


class Tally(msgspec.Struct):
    """Requests to one version.

    Attributes:
        requests: that it has answered or failed; for shadows, copies that it was sent.
        failures: that it failed.
        differing: copies that it answered otherwise than the version in service.
        dropped: copies that were not sent, because too many were under way.
        latencies: how many requests took how long, by the number of the bucket.

    """

    requests: int = 0
    failures: int = 0
    differing: int = 0
    dropped: int = 0
    latencies: dict[int, int] = {}

    def note(self, seconds: float) -> None:
        """Count a request that took so long."""
        self.requests += 1
        bucket = math.floor(math.log(max(seconds * 1000, 0.01), GROWTH))
        self.latencies[bucket] = self.latencies.get(bucket, 0) + 1

    def add(self, other: "Tally") -> None:
        """Count what another has counted too."""
        self.requests += other.requests
        self.failures += other.failures
        self.differing += other.differing
        self.dropped += other.dropped
        for bucket, count in other.latencies.items():
            self.latencies[bucket] = self.latencies.get(bucket, 0) + count

    @property
    def error_share(self) -> float:
        """Failures among all requests, 0 to 1."""
        return self.failures / self.requests if self.requests else 0.0

    @property
    def p99_ms(self) -> float:
        """Time in milliseconds that 99 of 100 requests stay below; up to a tenth too low, never too high."""
        above = sum(self.latencies.values()) // 100
        for bucket in sorted(self.latencies, reverse=True):
            above -= self.latencies[bucket]
            if above < 0:
                return float(GROWTH**bucket)
        return 0.0
