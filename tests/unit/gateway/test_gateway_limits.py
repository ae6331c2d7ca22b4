from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute
from limits.aio.strategies import (
    FixedWindowRateLimiter,
    MovingWindowRateLimiter,
    SlidingWindowCounterRateLimiter,
)

from control_plane.catalog import Key, LimitType, ModelNotFoundError, Principal, Role, Router, RouterStatus
from gateway.serving.metering.access import UNLIMITED, limits_for
from gateway.serving.metering.counters import MemoryCounters
from gateway.serving.metering.errors import ModelForbiddenError, RateLimitedError
from gateway.serving.metering.limits import create_limiter
from gateway.serving.metering.settings import LimitSettings

RPM, RPD = LimitType.REQUESTS_PER_MINUTE, LimitType.REQUESTS_PER_DAY
TPM, TPD = LimitType.TOKENS_PER_MINUTE, LimitType.TOKENS_PER_DAY
ALL_FREE: Mapping[LimitType, int | None] = dict.fromkeys(LimitType)

HITS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=60)
"""Seconds since the hit before, and what it counts."""


def router(owner_id: int | None = None) -> Router:
    return Router(7, "m", owner_id, (), RouterStatus.READY, ())


def caller(limits: Mapping[int, Mapping[LimitType, int | None]] | None, *, root: bool = False) -> Key:
    role = None if limits is None else Role(1, "r", limits=limits)
    return Key(1, Principal(3, "alice", role=role), is_root=root)


def test_the_root_key_and_accounts_without_a_role_are_not_limited() -> None:
    assert limits_for(caller(None), router()) is UNLIMITED
    assert limits_for(caller({}, root=True), router()) is UNLIMITED


@pytest.mark.parametrize("limits", [{}, {7: {RPM: 0, RPD: 0}}, {8: ALL_FREE}])
def test_a_model_without_a_limit_does_not_exist_for_the_role(
    limits: Mapping[int, Mapping[LimitType, int | None]],
) -> None:
    with pytest.raises(ModelNotFoundError):
        limits_for(caller(limits), router())


@pytest.mark.parametrize("limits", [{RPM: 1}, {**ALL_FREE, TPD: 0}])
def test_a_model_granted_in_part_is_forbidden(limits: Mapping[LimitType, int | None]) -> None:
    with pytest.raises(ModelForbiddenError, match=r"^Insufficient permissions to access the model\.$"):
        limits_for(caller({7: limits}), router(owner_id=3))


def test_all_four_types_grant_a_model() -> None:
    assert limits_for(caller({7: ALL_FREE}), router()) == ALL_FREE


def test_an_owner_needs_no_grant_and_obeys_one() -> None:
    assert limits_for(caller({}), router(owner_id=3)) is UNLIMITED
    assert limits_for(caller({7: {**ALL_FREE, RPM: 5}}), router(owner_id=3))[RPM] == 5
    with pytest.raises(ModelNotFoundError):
        limits_for(caller({7: dict.fromkeys(LimitType, 0)}), router(owner_id=3))


@pytest.mark.parametrize(
    ("kind", "unit"),
    [
        (RPM, "requests per minute"),
        (RPD, "requests per day"),
        (TPM, "input tokens per minute"),
        (TPD, "input tokens per day"),
    ],
)
async def test_messages_and_headers(kind: LimitType, unit: str) -> None:
    limiter = create_limiter(LimitSettings())
    await limiter.admit(1, 2, {kind: 1}, 1)
    with pytest.raises(RateLimitedError) as refused:
        await limiter.admit(1, 2, {kind: 1}, 1)
    assert refused.value.message == f"1 {unit} exceeded (remaining: 0)."
    assert refused.value.headers["X-RateLimit-Limit"] == "1"
    assert refused.value.headers["X-RateLimit-Remaining"] == "0"
    window = 60 if kind in (RPM, TPM) else 86_400
    assert window - 5 <= int(refused.value.headers["Retry-After"]) <= window


async def test_the_first_limit_exceeded_leaves_the_later_ones_untouched() -> None:
    limiter = create_limiter(LimitSettings())
    await limiter.admit(1, 2, {RPM: 1, RPD: 5, TPM: 10}, 10)
    for _ in range(9):
        with pytest.raises(RateLimitedError, match="requests per minute"):
            await limiter.admit(1, 2, {RPM: 1, RPD: 5, TPM: 10}, 10)
    await limiter.admit(1, 2, {RPM: None, RPD: 5, TPM: None}, 10)


async def test_a_refused_hit_still_counts_in_a_fixed_window() -> None:
    limiter = create_limiter(LimitSettings())
    with pytest.raises(RateLimitedError, match="remaining: 0"):
        await limiter.admit(1, 2, {TPM: 10}, 11)
    with pytest.raises(RateLimitedError):
        await limiter.admit(1, 2, {TPM: 10}, 1)


async def test_accounts_and_routers_have_counters_of_their_own_and_a_new_value_starts_afresh() -> None:
    limiter = create_limiter(LimitSettings())
    for account, router_id, value in ((1, 2, 1), (9, 2, 1), (1, 9, 1), (1, 2, 2)):
        await limiter.admit(account, router_id, {RPM: value}, 0)


async def test_no_prompt_tokens_touch_no_token_limit() -> None:
    await create_limiter(LimitSettings()).admit(1, 2, {TPM: 1, TPD: 1}, 0)


@given(HITS)
async def test_fixed_window_admits_what_a_plain_count_admits(hits: list[tuple[int, int]]) -> None:
    now = [1_000_000.0]
    strategy, item = FixedWindowRateLimiter(MemoryCounters(lambda: now[0])), RateLimitItemPerMinute(10)
    opened, count = -60.0, 0
    for wait, amount in hits:
        now[0] += wait
        if now[0] - opened >= 60:
            opened, count = now[0], 0
        count += amount
        assert await strategy.hit(item, "a", cost=amount) == (count <= 10)


@given(HITS)
async def test_moving_window_never_holds_more_than_its_limit(hits: list[tuple[int, int]]) -> None:
    now = [1_000_000.0]
    strategy, item = MovingWindowRateLimiter(MemoryCounters(lambda: now[0])), RateLimitItemPerMinute(10)
    admitted: list[tuple[float, int]] = []
    for wait, amount in hits:
        now[0] += wait
        held = sum(each for at, each in admitted if at > now[0] - 60)
        expected = held + amount <= 10
        assert await strategy.hit(item, "a", cost=amount) == expected
        if expected:
            admitted.append((now[0], amount))
        assert (await strategy.get_window_stats(item, "a")).remaining == 10 - held - amount * expected


@given(HITS)
async def test_sliding_window_never_passes_its_limit_within_one_window(hits: list[tuple[int, int]]) -> None:
    now = [1_000_000.0]
    strategy = SlidingWindowCounterRateLimiter(MemoryCounters(lambda: now[0]))
    item = RateLimitItemPerMinute(10)
    by_window: dict[int, int] = {}
    for wait, amount in hits:
        now[0] += wait
        if await strategy.hit(item, "a", cost=amount):
            window = int(now[0] // 60)
            by_window[window] = by_window.get(window, 0) + amount
    assert all(held <= 10 for held in by_window.values())


async def test_sliding_window_weighs_the_window_before() -> None:
    now = [600.0]
    strategy = SlidingWindowCounterRateLimiter(MemoryCounters(lambda: now[0]))
    item = RateLimitItemPerMinute(10)
    assert await strategy.hit(item, "a", cost=10)
    now[0] += 75  # a quarter into the next window: 7.5 of the 10 still count
    assert not await strategy.hit(item, "a", cost=4)
    assert await strategy.hit(item, "a", cost=3)


async def test_counters_of_windows_that_are_over_are_forgotten() -> None:
    now = [0.0]
    counters = MemoryCounters(lambda: now[0])
    for number in range(5000):
        await counters.incr(f"a{number}", 60)
        await counters.acquire_entry(f"b{number}", 5, 60)
    now[0] += 61
    for _ in range(20_000):
        await counters.incr("c", 60)
    assert len(counters) == 1
