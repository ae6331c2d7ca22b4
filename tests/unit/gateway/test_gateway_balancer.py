"""Who gets a request, who steps in, and what is remembered of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from random import Random

import pytest

from control_plane.catalog import Provider, Router, RouterStatus
from control_plane.routers.kinds import LoadBalancing, ProviderKind, RouterType
from gateway.serving.errors import InputTooLongError, ModelUnavailableError, ProviderFailedError
from gateway.serving.routing.balancer import Balancer
from gateway.serving.routing.breaker import FAILURES, BreakerState
from gateway.serving.routing.load import ProviderLoad
from gateway.serving.routing.samples import WINDOW_SECONDS


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def balancer(clock: Clock) -> Balancer:
    return Balancer(clock, Random(7))


def router(*weights: int, strategy: LoadBalancing = LoadBalancing.SHUFFLE) -> Router:
    providers = tuple(
        Provider(number, ProviderKind.VLLM, f"http://{number}/", weight=weight)
        for number, weight in enumerate(weights, start=1)
    )
    return Router(
        1, "m", None, (), RouterStatus.READY, providers, RouterType.TEXT_GENERATION, load_balancing=strategy
    )


async def ask(
    balancer: Balancer, chosen: Router, failing: tuple[int, ...] = (), then: Callable[[], None] = lambda: None
) -> list[int]:
    """Ids of the providers in the order in which they were tried."""
    tried = []

    async def work(provider: Provider) -> None:
        tried.append(provider.id)
        then()
        if provider.id in failing:
            raise ProviderFailedError("down")

    try:
        await balancer.run(chosen, chosen.providers, work)
    except ProviderFailedError:
        assert set(failing) >= set(tried)
    return tried


async def test_shuffle_follows_the_weights(balancer: Balancer) -> None:
    chosen = router(3, 1, 0)
    first = Counter([(await ask(balancer, chosen))[0] for _ in range(2000)])
    assert 0.7 < first[1] / 2000 < 0.8
    assert first[3] == 0


async def test_the_next_provider_steps_in_and_weight_zero_is_the_last_resort(balancer: Balancer) -> None:
    chosen = router(1, 1, 0)
    for _ in range(3):
        tried = await ask(balancer, chosen, failing=(1, 2))
        assert set(tried[:-1]) <= {1, 2}
        assert tried[-1] == 3


async def test_a_provider_that_keeps_failing_is_left_alone(balancer: Balancer, clock: Clock) -> None:
    chosen = router(1, 1)
    while balancer.load(1).breaker.state is BreakerState.CLOSED:
        await ask(balancer, chosen, failing=(1,))
    assert [await ask(balancer, chosen, failing=(1,)) for _ in range(9)] == [[2]] * 9
    clock.now += 1
    tried = [await ask(balancer, chosen) for _ in range(40)]
    assert [1] in tried
    assert balancer.load(1).breaker.state is BreakerState.CLOSED


async def test_when_all_are_left_alone_callers_hear_it_at_once(balancer: Balancer) -> None:
    chosen = router(1)
    for _ in range(FAILURES):
        assert await ask(balancer, chosen, failing=(1,)) == [1]
    with pytest.raises(ModelUnavailableError):
        await ask(balancer, chosen)


async def test_what_the_request_deserves_is_no_failure_of_the_provider(balancer: Balancer) -> None:
    chosen = router(1, 1)
    tried = []

    async def work(provider: Provider) -> None:
        tried.append(provider.id)
        raise InputTooLongError("too long")

    for _ in range(FAILURES * 3):
        with pytest.raises(InputTooLongError):
            await balancer.run(chosen, chosen.providers, work)
    assert len(tried) == FAILURES * 3
    assert balancer.load(1).breaker.state is balancer.load(2).breaker.state is BreakerState.CLOSED


async def test_a_caller_who_leaves_gives_its_place_back(balancer: Balancer) -> None:
    chosen = router(1)
    started = asyncio.Event()

    async def work(_provider: Provider) -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(balancer.run(chosen, chosen.providers, work))
    await started.wait()
    assert balancer.load(1).in_flight == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert balancer.load(1).in_flight == 0


def pieces(failing: dict[int, int]) -> Callable[[Provider], AsyncGenerator[str, None]]:
    """Three pieces from each provider, or fewer from those that fail."""

    async def work(provider: Provider) -> AsyncGenerator[str, None]:
        for number in range(3):
            if failing.get(provider.id) == number:
                raise ProviderFailedError("down")
            yield f"{provider.id}.{number}"

    return work


async def test_a_stream_changes_its_provider_only_before_the_first_piece(balancer: Balancer) -> None:
    chosen = router(1, 0)
    answer = balancer.stream(chosen, chosen.providers, pieces({1: 0}))
    assert [piece async for piece in answer] == ["2.0", "2.1", "2.2"]
    answer = balancer.stream(chosen, chosen.providers, pieces({1: 2}))
    assert [await anext(answer), await anext(answer)] == ["1.0", "1.1"]
    with pytest.raises(ProviderFailedError):
        await anext(answer)


async def test_a_stream_that_nobody_reads_on_is_given_back(balancer: Balancer) -> None:
    chosen = router(1)
    answer = balancer.stream(chosen, chosen.providers, pieces({}))
    assert await anext(answer) == "1.0"
    assert balancer.load(1).in_flight == 1
    await answer.aclose()
    assert balancer.load(1).in_flight == 0


async def test_least_busy_takes_the_quickest_and_lets_a_new_one_try(balancer: Balancer) -> None:
    chosen = router(1, 1, 1, strategy=LoadBalancing.LEAST_BUSY)
    balancer.load(1).began(0.5)
    balancer.load(2).began(0.1)
    assert await ask(balancer, chosen) == [3]
    balancer.load(3).in_flight = 1
    assert await ask(balancer, chosen) == [2]
    balancer.load(3).in_flight = 0
    balancer.load(3).began(0.3)
    assert await ask(balancer, chosen) == [2]


async def test_least_busy_without_streams_counts_what_is_under_way(balancer: Balancer) -> None:
    chosen = router(1, 4, strategy=LoadBalancing.LEAST_BUSY)
    balancer.load(1).in_flight, balancer.load(2).in_flight = 2, 4
    assert await ask(balancer, chosen) == [2]


def test_the_percentile_is_the_nearest_rank_of_the_last_two_minutes(clock: Clock) -> None:
    load = ProviderLoad(clock)
    assert load.time_to_first is None
    for number in range(1, 21):
        load.began(number / 10)
    clock.now += 1
    assert load.time_to_first == 1.9
    clock.now += WINDOW_SECONDS
    assert load.time_to_first is None


async def test_what_is_gone_is_forgotten_when_it_is_idle(balancer: Balancer) -> None:
    balancer.load(1).in_flight = 1
    busy, idle = balancer.load(1), balancer.load(2)
    balancer.retain({9})
    assert balancer.load(1) is busy
    assert balancer.load(2) is not idle
