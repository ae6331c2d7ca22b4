"""The one place where a provider is chosen, counted, and replaced by the next one when it fails."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from random import Random
from time import monotonic
from typing import TypeVar

import structlog

from control_plane.catalog import Provider, Router
from gateway.serving.errors import PROVIDER_FAILURES, ModelUnavailableError
from gateway.serving.routing.load import ProviderLoad, StreamWatch
from gateway.serving.routing.places import Places
from gateway.serving.routing.settings import RoutingSettings
from gateway.serving.routing.strategies import ordered

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Balancer:
    """Sends each request to a provider that works. All of it is in memory, and of this gateway alone.

    Args:
        clock: monotonic time in seconds.
        random: where the shuffle comes from.
        settings: how calls wait while all providers of a router are busy.

    """

    def __init__(
        self,
        clock: Callable[[], float] = monotonic,
        random: Random | None = None,
        settings: RoutingSettings = RoutingSettings(),  # noqa: B008 - it is frozen
    ) -> None:
        self._clock = clock
        self._random = random or Random()  # noqa: S311  # spreads load, guards nothing
        self._loads: dict[int, ProviderLoad] = {}
        self._places = Places(self.load, settings, clock)

    async def run(
        self,
        router: Router,
        providers: Sequence[Provider],
        work: Callable[[Provider], Awaitable[T]],
        *,
        priority: int = 0,
    ) -> T:
        """What `work` gives with the first provider that does not fail.

        Args:
            priority: of the caller; whoever has a higher one waits for less long.

        Raises:
            ModelUnavailableError: all of them have failed lately and are left alone for a moment.
            ModelBusyError: all of them kept beyond the limits of their policies.
            TriremeError: the failure of the last one that was tried, or what the request itself deserves.

        """
        failure: Exception | None = None
        left = self._in_order(router, providers)
        while (provider := await self._places.take(router.id, left, priority)) is not None:
            try:
                with self._attempt(router, provider) as load:
                    start = self._clock()
                    result = await work(provider)
                    load.answered(self._clock() - start)
                    return result
            except PROVIDER_FAILURES as error:
                failure = error
            left.remove(provider)
        raise failure or _unavailable()

    async def stream(
        self,
        router: Router,
        providers: Sequence[Provider],
        work: Callable[[Provider], AsyncGenerator[T, None]],
        *,
        priority: int = 0,
    ) -> AsyncGenerator[T, None]:
        """Pieces that `work` gives with the first provider that does not fail before its first piece.

        Args:
            priority: as for `run`.

        Raises:
            ModelUnavailableError: as `run`.
            ModelBusyError: as `run`.
            TriremeError: as `run`, or the failure of a provider after its first piece.

        """
        failure: Exception | None = None
        left = self._in_order(router, providers)
        while (provider := await self._places.take(router.id, left, priority)) is not None:
            watch = StreamWatch(self.load(provider.id), self._clock)
            try:
                with self._attempt(router, provider):
                    async with aclosing(work(provider)) as pieces:
                        async for piece in pieces:
                            watch.piece()
                            yield piece
                    watch.end()
            except PROVIDER_FAILURES as error:
                if watch.pieces:
                    raise
                failure = error
            else:
                return
            left.remove(provider)
        raise failure or _unavailable()

    @property
    def waiting(self) -> Mapping[int, int]:
        """Calls that wait for a provider, by router id."""
        return self._places.waiting

    def load(self, provider_id: int) -> ProviderLoad:
        """What is known of a provider; one that was never seen before is well and idle."""
        if provider_id not in self._loads:
            self._loads[provider_id] = ProviderLoad(self._clock)
        return self._loads[provider_id]

    def retain(self, provider_ids: Collection[int]) -> None:
        """Forget the providers that are gone, as soon as nothing is under way there."""
        self._loads = {
            provider_id: load
            for provider_id, load in self._loads.items()
            if provider_id in provider_ids or load.in_flight
        }

    def _in_order(self, router: Router, providers: Sequence[Provider]) -> list[Provider]:
        if len(providers) == 1:
            return list(providers)
        loads = {provider.id: self.load(provider.id) for provider in providers}
        return ordered(router.load_balancing, providers, loads, self._random)

    @contextmanager
    def _attempt(self, router: Router, provider: Provider) -> Iterator[ProviderLoad]:
        """Note how a request to a provider ended, and give its place back."""
        load = self.load(provider.id)
        try:
            yield load
        except PROVIDER_FAILURES as error:
            load.breaker.failed()
            log.warning(
                "provider failed",
                provider=provider.id,
                kind=provider.kind,
                cause=error.message,
                breaker=load.breaker.state,
            )
            raise
        except BaseException:
            load.breaker.left()
            raise
        else:
            load.breaker.succeeded()
        finally:
            self._places.give_back(router.id, provider.id)


def _unavailable() -> ModelUnavailableError:
    return ModelUnavailableError("Model is temporarily unavailable, please try again later.")
