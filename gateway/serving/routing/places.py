"""Slots at providers: taken while one is free, otherwise handed to waiting calls by priority and order."""

import asyncio
from bisect import insort_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from control_plane.catalog import Provider
from gateway.serving.errors import ModelBusyError
from gateway.serving.routing.breaker import BreakerState
from gateway.serving.routing.load import ProviderLoad
from gateway.serving.routing.quality import strained
from gateway.serving.routing.settings import RoutingSettings


@dataclass(slots=True, eq=False)
class _Waiter:
    """A call that waits.

    Attributes:
        given: the provider at which it has got a place; None when it is not worth waiting any longer.

    """

    providers: Sequence[Provider]
    priority: int
    given: "asyncio.Future[Provider | None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Places:
    """Counts what is under way at each provider, and lets calls wait while all of a router are strained.

    Whoever gives a place back hands it on before anybody else can ask for it: nobody looks again and again,
    nobody overtakes, and no limit is passed. Used from the event loop's thread only.

    Args:
        load: of a provider by its id.
        clock: monotonic time in seconds.

    """

    def __init__(
        self, load: Callable[[int], ProviderLoad], settings: RoutingSettings, clock: Callable[[], float]
    ) -> None:
        self._load = load
        self._settings = settings
        self._clock = clock
        self._queues: dict[int, list[_Waiter]] = {}

    @property
    def waiting(self) -> Mapping[int, int]:
        """Calls that wait, by router id."""
        return {router_id: len(queue) for router_id, queue in self._queues.items()}

    async def take(self, router_id: int, providers: Sequence[Provider], priority: int) -> Provider | None:
        """A place at one of these providers, the first of them that may be had; None if all are left alone.

        Raises:
            ModelBusyError: none was to be had in time, or too many wait already.

        """
        if router_id not in self._queues:
            taken = self._take(providers)
            if taken is not None or not self._worth_waiting(providers):
                return taken
        return await self._wait(router_id, _Waiter(providers, self._clamped(priority)))

    def give_back(self, router_id: int, provider_id: int) -> None:
        """End a call's stay at a provider."""
        self._load(provider_id).in_flight -= 1
        if router_id in self._queues:
            self._hand_on(router_id)

    async def _wait(self, router_id: int, waiter: _Waiter) -> Provider | None:
        queue = self._queues.setdefault(router_id, [])
        if len(queue) >= self._settings.queue:
            self._forget(router_id, None)
            raise _busy(0)
        begun = self._clock()
        insort_right(queue, waiter, key=lambda each: -each.priority)
        self._hand_on(router_id)
        try:
            await asyncio.wait((waiter.given,), timeout=self._settings.patience)
        except asyncio.CancelledError:
            self._return(router_id, waiter)
            raise
        finally:
            self._forget(router_id, waiter)
        if not waiter.given.done():
            raise _busy(self._clock() - begun)
        return waiter.given.result()

    def _hand_on(self, router_id: int) -> None:
        """Give the places that are free to those who wait, highest priority first."""
        in_vain: set[frozenset[int]] = set()
        for waiter in tuple(self._queues[router_id]):
            wanted = frozenset(provider.id for provider in waiter.providers)
            if wanted in in_vain:
                continue
            taken = self._take(waiter.providers)
            if taken is not None or not self._worth_waiting(waiter.providers):
                waiter.given.set_result(taken)
                self._forget(router_id, waiter)
            else:
                in_vain.add(wanted)

    def _take(self, providers: Sequence[Provider]) -> Provider | None:
        """Enter the first provider that has room; failing that one that is strained and idle.

        What is slow can only show that it is quick again by answering, and what waits needs somebody under
        way whose end it can wait for.
        """
        tired = []
        for provider in providers:
            load = self._load(provider.id)
            if strained(provider, load):
                tired.append((provider, load))
            elif load.breaker.enter():
                load.in_flight += 1
                return provider
        for provider, load in tired:
            if load.in_flight == 0 and load.breaker.enter():
                load.in_flight += 1
                return provider
        return None

    def _worth_waiting(self, providers: Sequence[Provider]) -> bool:
        """Whether one of them is busy rather than broken."""
        loads = [(provider, self._load(provider.id)) for provider in providers]
        return any(
            load.in_flight > 0 and load.breaker.state is not BreakerState.OPEN and strained(provider, load)
            for provider, load in loads
        )

    def _return(self, router_id: int, waiter: _Waiter) -> None:
        """Hand on what a call got in the moment in which its caller left."""
        if waiter.given.done() and (provider := waiter.given.result()) is not None:
            self._load(provider.id).breaker.left()
            self.give_back(router_id, provider.id)

    def _forget(self, router_id: int, waiter: _Waiter | None) -> None:
        queue = self._queues.get(router_id, [])
        if waiter in queue:
            queue.remove(waiter)
        if not queue:
            self._queues.pop(router_id, None)

    def _clamped(self, priority: int) -> int:
        return min(max(priority, 0), self._settings.max_priority)


def _busy(seconds: float) -> ModelBusyError:
    return ModelBusyError(f"Model is too busy after {seconds:.0f} seconds")
