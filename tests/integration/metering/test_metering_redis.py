"""Limits that several gateways count together, in a real redis-server."""

import asyncio

import pytest
from redis_process import RedisServer
from structlog.testing import capture_logs

from control_plane.catalog import LimitType
from gateway.serving.metering import limits as limits_module
from gateway.serving.metering.errors import LimitsUnavailableError, RateLimitedError
from gateway.serving.metering.limits import Limiter, create_limiter
from gateway.serving.metering.settings import LimitSettings, OnFailure, Strategy

pytestmark = pytest.mark.integration

RPM, TPM = LimitType.REQUESTS_PER_MINUTE, LimitType.TOKENS_PER_MINUTE


async def admitted(limiter: Limiter, value: int) -> bool:
    try:
        await limiter.admit(1, 2, {RPM: value, TPM: None}, 5)
    except RateLimitedError:
        return False
    return True


@pytest.mark.parametrize("strategy", ["fixed_window", "moving_window", "sliding_window"])
async def test_two_gateways_admit_no_more_than_one_limit(
    redis_server: RedisServer, strategy: Strategy
) -> None:
    settings = LimitSettings(redis_url=redis_server.url, strategy=strategy, timeout=10)
    gateways = [create_limiter(settings) for _ in range(2)]
    calls = [admitted(gateway, 40) for gateway in gateways for _ in range(50)]
    assert sum(await asyncio.gather(*calls)) == 40
    with pytest.raises(RateLimitedError) as refused:
        await gateways[0].admit(1, 2, {RPM: 40}, 0)
    assert refused.value.message == "40 requests per minute exceeded (remaining: 0)."
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 120
    for gateway in gateways:
        await gateway.close()


@pytest.mark.parametrize("on_failure", ["open", "closed"])
async def test_an_outage_opens_or_closes_and_is_told_once(
    redis_server: RedisServer, on_failure: OnFailure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits_module, "RETRY_SECONDS", 0.05)
    settings = LimitSettings(redis_url=redis_server.url, on_failure=on_failure)
    limiter = create_limiter(settings)
    assert await admitted(limiter, 2)
    redis_server.stop()
    with capture_logs() as logs:
        for _ in range(5):
            if on_failure == "open":
                assert await admitted(limiter, 2)
            else:
                with pytest.raises(LimitsUnavailableError):
                    await admitted(limiter, 2)
        assert limiter.failing.startswith("the store of rate limits does not answer")
        redis_server.start()
        while limiter.failing:
            try:
                await admitted(limiter, 1_000_000)
            except LimitsUnavailableError:
                await asyncio.sleep(0.01)
    assert [entry["event"] for entry in logs] == [
        "store of rate limits does not answer",
        "store of rate limits answers again",
    ]
    assert await admitted(limiter, 2)
    await limiter.close()


async def test_a_store_that_hangs_does_not_hold_calls_up(redis_server: RedisServer) -> None:
    limiter = create_limiter(LimitSettings(redis_url=redis_server.url, timeout=0.1))
    assert await admitted(limiter, 1)
    redis_server.freeze()
    async with asyncio.timeout(10):
        assert await admitted(limiter, 1)
    assert limiter.failing
    redis_server.thaw()
    await limiter.close()
