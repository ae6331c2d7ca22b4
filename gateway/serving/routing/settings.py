"""What an operator may choose about calls that wait for a provider."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from model_repository.bounds import CountOrZero, SecondsOrZero


@dataclass(frozen=True)
class RoutingSettings:
    """How long, how many and in which order calls wait while all providers of a router are busy.

    Attributes:
        max_retries: waits of `retry_countdown` that a call for a busy provider takes at most.
        retry_countdown: seconds of one such wait.
        max_priority: highest priority of a user that counts; what is above counts as this.
        queue: calls that may wait for one router; one more answers 503 at once.

    """

    max_retries: CountOrZero = 3
    retry_countdown: SecondsOrZero = 3.0
    max_priority: Annotated[int, Meta(ge=0, le=10)] = 4
    queue: CountOrZero = 256

    @property
    def patience(self) -> float:
        """Seconds that a call waits at most."""
        return self.max_retries * self.retry_countdown
