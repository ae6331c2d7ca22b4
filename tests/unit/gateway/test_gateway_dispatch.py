"""Which version a request falls to, by a random number that the test chooses, and what is counted."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

import pytest
from mini_manifest import MANIFEST

from control_plane.catalog import Catalog, Provider, Router, RouterStatus
from control_plane.deployments.exposure import EXCLUSIVE, Exposure, Place
from control_plane.deployments.tally import Tally
from control_plane.routers.kinds import ProviderKind
from gateway.body import BadRequestError
from gateway.serving.dispatch import Dispatcher, Request
from gateway.serving.errors import OverloadedError
from gateway.serving.routing.balancer import Balancer
from gateway.serving.snapshots import Snapshots
from gateway.serving.traffic import Traffic
from model_repository.errors import InferenceError
from model_repository.manifest import Manifest, Task

ACTIVE, CANARY, SHADOW = 1, 2, 3


class Bench:
    """A dispatcher over a model with versions in these places, whose random numbers are given."""

    def __init__(self, manifest: Manifest, *exposures: Exposure, draws: Iterator[float], copies: int = 8):
        self.snapshots = Snapshots()
        self.snapshots.swap(Catalog(generation=1))
        self.traffic = Traffic(clock=lambda: 0.0)
        self.dispatcher = Dispatcher(
            self.snapshots, Balancer(), self.traffic, copies=copies, draw=lambda: next(draws)
        )
        providers = tuple(
            Provider(id=number, kind=ProviderKind.TRITON, url=None, graphs=(manifest,), exposure=exposure)
            for number, exposure in enumerate((EXCLUSIVE, *exposures), start=ACTIVE)
        )
        self.router = Router(1, "mini", None, (Task.EMBEDDING,), RouterStatus.READY, providers)

    async def run(self, work: Callable[[Provider], Awaitable[object]]) -> object:
        with self.snapshots.lease() as catalog:
            return await self.dispatcher.run(self.request(catalog), work, copied=work)

    def request(self, catalog: Catalog) -> Request:
        return Request(catalog, self.router, Task.EMBEDDING, self.router.able(Task.EMBEDDING))

    async def stream(self, flow: Callable[[Provider], AsyncGenerator[int, None]]) -> list[int]:
        pieces = self.dispatcher.stream(self.request(self.snapshots.current), flow)
        return [piece async for piece in pieces]

    @property
    def tallies(self) -> dict[int, Tally]:
        return {provider_id: tally for (provider_id, _), tally in self.traffic.unreported()}


async def name(provider: Provider) -> int:
    return provider.id


def failing(failed: int, error: Exception) -> Callable[[Provider], Awaitable[int]]:
    async def work(provider: Provider) -> int:
        if provider.id >= failed:
            raise error
        return provider.id

    return work


async def test_a_model_of_one_version_is_not_counted():
    bench = Bench(MANIFEST, draws=iter(()))
    assert await bench.run(name) == ACTIVE
    assert bench.tallies == {}


async def test_draws_below_its_share_go_to_the_canary():
    bench = Bench(MANIFEST, Exposure(Place.CANARY, share=0.25), draws=iter((0.0, 0, 0.24, 0, 0.25, 0)))
    assert [await bench.run(name) for _ in range(3)] == [CANARY, CANARY, ACTIVE]
    assert {number: tally.requests for number, tally in bench.tallies.items()} == {ACTIVE: 1, CANARY: 2}


async def test_what_a_canary_fails_the_active_version_answers():
    bench = Bench(MANIFEST, Exposure(Place.CANARY), draws=iter((0.0, 0.0)))
    assert await bench.run(failing(CANARY, RuntimeError("broken"))) == ACTIVE
    assert (bench.tallies[CANARY].failures, bench.tallies[ACTIVE].failures) == (1, 0)


async def test_what_nobody_answers_is_not_the_canarys_fault():
    bench = Bench(MANIFEST, Exposure(Place.CANARY), draws=iter((0.0, 0.0)))
    with pytest.raises(BadRequestError):
        await bench.run(failing(ACTIVE, BadRequestError("no")))
    assert bench.tallies.get(CANARY, Tally()).requests == 0


async def test_a_gateway_with_too_much_to_do_does_not_ask_twice():
    bench = Bench(MANIFEST, Exposure(Place.CANARY), draws=iter((0.0,)))
    with pytest.raises(OverloadedError):
        await bench.run(failing(CANARY, OverloadedError("full")))


async def test_a_shadow_gets_copies_after_the_answer_and_holds_its_snapshot():
    bench = Bench(MANIFEST, Exposure(Place.SHADOW, share=0.5), draws=iter((0.0, 0.0, 0.0, 0.9)), copies=1)
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def work(provider: Provider) -> int:
        if provider.exposure.place is Place.SHADOW:
            asked.set()
            await go_on.wait()
        return provider.id

    assert await bench.run(work) == ACTIVE
    await asked.wait()
    bench.snapshots.swap(Catalog(generation=2))
    assert bench.snapshots.settled == 1
    assert await bench.run(work) == ACTIVE  # not drawn
    go_on.set()
    async with asyncio.timeout(5):
        while bench.snapshots.settled == 1:  # noqa: ASYNC110 - the copy's end is seen in nothing else
            await asyncio.sleep(0)
    assert (bench.tallies[CANARY].requests, bench.tallies[CANARY].differing) == (1, 1)


async def test_copies_beyond_the_bound_are_dropped_and_failures_stay_unseen():
    bench = Bench(MANIFEST, Exposure(Place.SHADOW), draws=iter((0.0,) * 4), copies=1)
    work = failing(CANARY, InferenceError("broken"))
    assert [await bench.run(work), await bench.run(work)] == [ACTIVE, ACTIVE]
    await asyncio.sleep(0)
    assert (bench.tallies[CANARY].dropped, bench.tallies[CANARY].failures) == (1, 1)
    await bench.dispatcher.close()


async def test_a_stream_goes_on_with_the_active_version_only_before_its_first_piece():
    async def late(provider: Provider) -> AsyncGenerator[int, None]:
        yield provider.id
        if provider.id == CANARY:
            raise InferenceError("broken")

    async def early(provider: Provider) -> AsyncGenerator[int, None]:
        if provider.id == CANARY:
            raise InferenceError("broken")
        yield provider.id

    bench = Bench(MANIFEST, Exposure(Place.CANARY), draws=iter((0.0, 0.0)))
    assert await bench.stream(early) == [ACTIVE]
    with pytest.raises(InferenceError):
        await bench.stream(late)
    assert bench.tallies[CANARY].failures == 2
