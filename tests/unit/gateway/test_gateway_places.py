"""Calls wait for a provider within its limits, in their order, for so long, and not too many of them."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from random import Random

import pytest

from control_plane.catalog import Provider, Router, RouterStatus
from control_plane.routers.kinds import ProviderKind, QosMetric, RouterType
from gateway.serving.errors import ModelBusyError, ModelUnavailableError, ProviderFailedError
from gateway.serving.routing.balancer import Balancer
from gateway.serving.routing.breaker import FAILURES
from gateway.serving.routing.samples import WINDOW_SECONDS
from gateway.serving.routing.settings import RoutingSettings


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Door:
    """Work that stays at its provider until it is let out."""

    def __init__(self, balancer: Balancer, router: Router) -> None:
        self.balancer = balancer
        self.router = router
        self.entered: list[tuple[str, int]] = []
        self.most = 0
        self._changed = asyncio.Condition()
        self._leaving: dict[str, asyncio.Event] = {}

    def call(self, name: str, priority: int = 0) -> "asyncio.Task[None]":
        self._leaving[name] = asyncio.Event()

        async def work(provider: Provider) -> None:
            self.entered.append((name, provider.id))
            self.most = max(self.most, self.balancer.load(provider.id).in_flight)
            async with self._changed:
                self._changed.notify_all()
            await self._leaving[name].wait()

        return asyncio.create_task(
            self.balancer.run(self.router, self.router.providers, work, priority=priority)
        )

    async def until(self, number: int) -> Sequence[str]:
        """Names of those who have entered, as soon as they are so many."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.entered) >= number)
        return [name for name, _ in self.entered]

    async def waiting(self, number: int) -> None:
        while self.balancer.waiting.get(self.router.id, 0) != number:
            await others()

    def leave(self, name: str) -> None:
        self._leaving[name].set()


def router(*limits: float | None, metric: QosMetric = QosMetric.INFLIGHT) -> Router:
    """A router whose providers have these limits; the later ones only step in."""
    providers = tuple(
        Provider(
            number,
            ProviderKind.VLLM,
            f"http://{number}/",
            weight=int(number == 1),
            qos_metric=None if limit is None else metric,
            qos_limit=limit,
        )
        for number, limit in enumerate(limits, start=1)
    )
    return Router(1, "m", None, (), RouterStatus.READY, providers, RouterType.TEXT_GENERATION)


def balancer(clock: Clock | None = None, **settings: float) -> Balancer:
    return Balancer(clock or Clock(), Random(7), RoutingSettings(**settings))  # type: ignore[arg-type]


async def others() -> None:
    """Let every other task take a step."""
    await asyncio.sleep(0)


async def nothing(_provider: Provider) -> None:
    pass


async def chosen(routes: Balancer, by: Router) -> int:
    """The provider that takes a call."""

    async def work(provider: Provider) -> int:
        return provider.id

    return await routes.run(by, by.providers, work)


async def test_no_more_than_the_limit_allows_are_ever_under_way() -> None:
    routes = balancer(max_retries=1, retry_countdown=60.0)
    door = Door(routes, router(1))
    calls = [door.call(str(number)) for number in range(20)]
    for number in range(20):
        names = await door.until(min(number + 2, 20))
        door.leave(names[number])
    await asyncio.gather(*calls)
    assert door.most == 2, "a call is blocked while more than the limit are under way"
    assert routes.load(1).in_flight == 0
    assert not routes.waiting


async def test_another_provider_takes_what_would_have_to_wait() -> None:
    door = Door(balancer(), router(0, None))
    calls = [door.call(name) for name in "abc"]
    await door.until(3)
    assert door.entered == [("a", 1), ("b", 2), ("c", 2)]
    for name in "abc":
        door.leave(name)
    await asyncio.gather(*calls)


async def test_who_waits_in_vain_hears_how_long_it_was() -> None:
    clock = Clock()
    door = Door(balancer(clock, max_retries=2, retry_countdown=0.05), router(0))
    first = door.call("first")
    await door.until(1)
    second = door.call("second")
    await door.waiting(1)
    clock.now += 9
    with pytest.raises(ModelBusyError, match=r"^Model is too busy after 9 seconds$") as refused:
        await second
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "10")
    assert not door.balancer.waiting
    door.leave("first")
    await first


async def test_the_highest_priority_goes_first_and_among_equals_whoever_came_first() -> None:
    door = Door(balancer(max_retries=1, retry_countdown=60.0, max_priority=4), router(0))
    calls = [door.call("now")]
    await door.until(1)
    for number, (name, priority) in enumerate(
        {"low": 0, "four": 4, "nine": 9, "two": 2, "minus": -1}.items()
    ):
        calls.append(door.call(name, priority))
        await door.waiting(number + 1)
    order = ["now", "four", "nine", "two", "low", "minus"]
    for number, name in enumerate(order):
        assert (await door.until(number + 1))[number] == name
        door.leave(name)
    await asyncio.gather(*calls)


async def test_a_caller_who_leaves_the_queue_is_passed_over() -> None:
    door = Door(balancer(max_retries=1, retry_countdown=60.0), router(0))
    first = door.call("first")
    await door.until(1)
    leaving, staying = door.call("leaving"), door.call("staying")
    await door.waiting(2)
    leaving.cancel()
    await door.waiting(1)
    door.leave("first")
    assert await door.until(2) == ["first", "staying"]
    door.leave("staying")
    await asyncio.gather(first, staying)
    assert leaving.cancelled()


async def test_a_place_given_to_a_caller_who_leaves_in_that_moment_is_handed_on() -> None:
    door = Door(balancer(max_retries=1, retry_countdown=60.0), router(0))
    first = door.call("first")
    await door.until(1)
    leaving, staying = door.call("leaving"), door.call("staying")
    await door.waiting(2)
    first.cancel()
    await others()  # the place is `leaving`'s now, and its task has not run yet
    assert door.balancer.waiting == {1: 1}
    leaving.cancel()
    assert await door.until(2) == ["first", "staying"]
    door.leave("staying")
    await staying
    assert door.balancer.load(1).in_flight == 0


async def test_no_more_wait_than_the_queue_holds() -> None:
    door = Door(balancer(max_retries=1, retry_countdown=60.0, queue=1), router(0))
    calls = [door.call("first")]
    await door.until(1)
    calls.append(door.call("second"))
    await door.waiting(1)
    with pytest.raises(ModelBusyError, match="after 0 seconds"):
        await door.call("third")
    for number, name in enumerate(("first", "second")):
        await door.until(number + 1)
        door.leave(name)
    await asyncio.gather(*calls)


async def test_nobody_waits_for_a_provider_that_breaks() -> None:
    routes, by = balancer(max_retries=1, retry_countdown=60.0), router(0)
    begun, broken = asyncio.Event(), asyncio.Event()

    async def work(_provider: Provider) -> None:
        begun.set()
        await broken.wait()
        raise ProviderFailedError("down")

    async def fail(_provider: Provider) -> None:
        raise ProviderFailedError("down")

    for _ in range(FAILURES - 1):
        with pytest.raises(ProviderFailedError):
            await routes.run(by, by.providers, fail)
    failing = asyncio.create_task(routes.run(by, by.providers, work))
    await begun.wait()
    waiting = asyncio.create_task(routes.run(by, by.providers, nothing))
    while not routes.waiting:
        await others()
    broken.set()
    with pytest.raises(ProviderFailedError):
        await failing
    with pytest.raises(ModelUnavailableError):
        await waiting


async def flow(clock: Clock, first: float, between: float) -> AsyncGenerator[int, None]:
    clock.now += first
    yield 0
    clock.now += between
    yield 1
    clock.now += between
    yield 2


@pytest.mark.parametrize(
    ("metric", "limit", "first", "between"),
    [
        (QosMetric.TTFT, 400.0, 0.5, 0.01),
        (QosMetric.LATENCY, 600.0, 0.5, 0.1),
        (QosMetric.PERFORMANCE, 90.0, 0.1, 0.1),
    ],
)
async def test_a_provider_that_is_too_slow_is_passed_over_until_it_has_been_forgotten(
    metric: QosMetric, limit: float, first: float, between: float
) -> None:
    clock = Clock()
    routes, by = balancer(clock), router(limit, None, metric=metric)
    pieces = routes.stream(by, by.providers, lambda _: flow(clock, first, between))
    assert [piece async for piece in pieces] == [0, 1, 2]
    assert await chosen(routes, by) == 2
    clock.now += WINDOW_SECONDS + 1
    assert await chosen(routes, by) == 1


async def test_when_all_are_too_slow_they_are_asked_one_call_at_a_time() -> None:
    door = Door(balancer(max_retries=1, retry_countdown=60.0), router(100.0, metric=QosMetric.LATENCY))
    door.balancer.load(1).answered(0.5)
    calls = [door.call(name) for name in "abc"]
    for number, name in enumerate("abc", start=1):
        assert len(await door.until(number)) == number
        door.leave(name)
    await asyncio.gather(*calls)
    assert door.most == 1
