"""Rate limits: requests and prompt tokens, a minute and a day, of each account and router.

The windows and the arithmetic are the library `limits`; the counters are in memory, or in Redis where several
gateways count together.
"""

from functools import lru_cache
from math import ceil
from time import monotonic, time
from typing import Protocol, cast

import structlog
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.strategies import (
    FixedWindowRateLimiter,
    MovingWindowRateLimiter,
    RateLimiter,
    SlidingWindowCounterRateLimiter,
)
from limits.errors import StorageError

from control_plane.catalog import LimitType
from gateway.serving.metering.access import Limits
from gateway.serving.metering.counters import MemoryCounters
from gateway.serving.metering.errors import LimitsUnavailableError, RateLimitedError
from gateway.serving.metering.settings import LimitSettings

RETRY_SECONDS = 1.0
"""How long a store that failed is left alone: callers need not all wait for it in vain."""

STRATEGIES: dict[str, type[RateLimiter]] = {
    "fixed_window": FixedWindowRateLimiter,
    "moving_window": MovingWindowRateLimiter,
    "sliding_window": SlidingWindowCounterRateLimiter,
}

UNITS = {
    LimitType.REQUESTS_PER_MINUTE: "requests per minute",
    LimitType.REQUESTS_PER_DAY: "requests per day",
    LimitType.TOKENS_PER_MINUTE: "input tokens per minute",
    LimitType.TOKENS_PER_DAY: "input tokens per day",
}
"""In the order in which they are checked."""

TOKENS = (LimitType.TOKENS_PER_MINUTE, LimitType.TOKENS_PER_DAY)
MINUTES = (LimitType.REQUESTS_PER_MINUTE, LimitType.TOKENS_PER_MINUTE)

log = structlog.get_logger(__name__)


class Counters(Protocol):
    """A `limits.aio.storage.Storage` that can be closed."""

    async def close(self) -> None:
        """Give back what it holds open."""


class Limiter:
    """Counts calls, and refuses those beyond a limit.

    A changed limit begins a counter of its own, because the value is part of the counter's name.
    """

    def __init__(self, counters: Counters, settings: LimitSettings) -> None:
        self._counters = counters
        self._strategy = STRATEGIES[settings.strategy](cast("Storage", counters))
        self._closed = settings.on_failure == "closed"
        self._retry_at = 0.0

    @property
    def failing(self) -> str:
        """What to tell operators while the store does not answer; otherwise empty."""
        if not self._retry_at:
            return ""
        return f"the store of rate limits does not answer: calls {'are refused' if self._closed else 'pass'}"

    async def admit(self, account_id: int, router_id: int, limits: Limits, prompt_tokens: int) -> None:
        """Count a call against each limit in turn, until one is exceeded.

        Raises:
            RateLimitedError: one is; the limits after it have not counted the call.
            LimitsUnavailableError: the store does not answer, and calls may not pass meanwhile.

        """
        for kind, unit in UNITS.items():
            value = limits.get(kind)
            amount = prompt_tokens if kind in TOKENS else 1
            if value is None or amount == 0:
                continue
            if not await self._hit(_item(kind, value), f"{account_id}/{router_id}/{kind}", unit, amount):
                return

    async def _hit(self, item: RateLimitItem, name: str, unit: str, amount: int) -> bool:
        """Count against one limit; False when nothing could be counted, and calls pass all the same."""
        if self._retry_at > monotonic():
            return self._pass_uncounted()
        try:
            if await self._strategy.hit(item, name, cost=amount):
                self._recover()
                return True
            reset, remaining = await self._strategy.get_window_stats(item, name)
        except (StorageError, OSError, TimeoutError) as error:
            if not self._retry_at:
                log.warning(
                    "store of rate limits does not answer", cause=type(error.__cause__ or error).__name__
                )
            self._retry_at = monotonic() + RETRY_SECONDS
            return self._pass_uncounted()
        raise RateLimitedError(
            f"{item.amount} {unit} exceeded (remaining: {max(0, remaining)}).",
            limit=item.amount,
            remaining=max(0, remaining),
            reset=max(1, ceil(reset - time())),
        )

    async def close(self) -> None:
        """Give back what the store holds open."""
        await self._counters.close()

    def _pass_uncounted(self) -> bool:
        if self._closed:
            raise LimitsUnavailableError("the limits of this call cannot be checked")
        return False

    def _recover(self) -> None:
        if self._retry_at:
            log.info("store of rate limits answers again")
            self._retry_at = 0.0


def create_limiter(settings: LimitSettings) -> Limiter:
    """Limiter over the configured store, which is reached with its first call."""
    if not settings.redis_url:
        return Limiter(MemoryCounters(), settings)
    from gateway.serving.metering.redis_counters import RedisCounters  # noqa: PLC0415  # the extra `redis`

    return Limiter(RedisCounters(settings), settings)


@lru_cache(4096)
def _item(kind: LimitType, value: int) -> RateLimitItem:
    return (RateLimitItemPerMinute if kind in MINUTES else RateLimitItemPerDay)(value)
