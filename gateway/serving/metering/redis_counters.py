"""Counters in Redis, for several gateways that count together; needs the extra `redis`."""

from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as BrokenConnectionError

from gateway.serving.metering.settings import LimitSettings

CONNECTIONS = 32
PREFIX = "trireme"


class RedisCounters(RedisStorage):
    """The library's own, with limits of time; all its failures are `limits.errors.StorageError`."""

    STORAGE_SCHEME = None  # type: ignore[assignment]  # made here and nowhere else, not found by its URL

    def __init__(self, settings: LimitSettings) -> None:
        self._pool = BlockingConnectionPool.from_url(
            settings.redis_url,
            max_connections=CONNECTIONS,
            timeout=settings.timeout,
            socket_timeout=settings.timeout,
            socket_connect_timeout=settings.timeout,
            # Connections from before a restart are made anew; what timed out may have counted already.
            retry=Retry(NoBackoff(), 1, supported_errors=(BrokenConnectionError,)),
        )
        super().__init__(
            settings.redis_url,
            implementation="redispy",
            key_prefix=PREFIX,
            wrap_exceptions=True,
            connection_pool=self._pool,  # type: ignore[arg-type]  # documented, and missing in its hints
        )

    async def close(self) -> None:
        """End all connections."""
        await self._pool.aclose()
