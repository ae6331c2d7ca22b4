"""The one place where a provider is chosen, counted, and replaced by the next one when it fails."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import aclosing, contextmanager
from random import Random
from time import monotonic
from typing import TypeVar

import structlog

from control_plane.catalog import Provider, Router
from gateway.serving.errors import PROVIDER_FAILURES, ModelUnavailableError
from gateway.serving.routing.load import ProviderLoad
from gateway.serving.routing.strategies import ordered

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Balancer:
    """Sends each request to a provider that works. All of it is in memory, and of this gateway alone.

    Args:
        clock: monotonic time in seconds.
        random: where the shuffle comes from.

    """

    def __init__(self, clock: Callable[[], float] = monotonic, random: Random | None = None) -> None:
        self._clock = clock
        self._random = random or Random()  # noqa: S311  # spreads load, guards nothing
        self._loads: dict[int, ProviderLoad] = {}

    async def run(
        self, router: Router, providers: Sequence[Provider], work: Callable[[Provider], Awaitable[T]]
    ) -> T:
        """What `work` gives with the first provider that does not fail.

        Raises:
            ModelUnavailableError: all of them have failed lately and are left alone for a moment.
            TriremeError: the failure of the last one that was tried, or what the request itself deserves.

        """
        failure: Exception = _unavailable()
        for provider, load in self._candidates(router, providers):
            try:
                with self._attempt(provider, load):
                    return await work(provider)
            except PROVIDER_FAILURES as error:
                failure = error
        raise failure

    async def stream(
        self,
        router: Router,
        providers: Sequence[Provider],
        work: Callable[[Provider], AsyncGenerator[T, None]],
    ) -> AsyncGenerator[T, None]:
        """Pieces that `work` gives with the first provider that does not fail before its first piece.

        Raises:
            ModelUnavailableError: as `run`.
            TriremeError: as `run`, or the failure of a provider after its first piece.

        """
        failure: Exception = _unavailable()
        for provider, load in self._candidates(router, providers):
            begun = False
            start = self._clock()
            try:
                with self._attempt(provider, load):
                    async with aclosing(work(provider)) as pieces:
                        async for piece in pieces:
                            if not begun:
                                begun = True
                                load.began(self._clock() - start)
                            yield piece
            except PROVIDER_FAILURES as error:
                if begun:
                    raise
                failure = error
            else:
                return
        raise failure

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

    def _candidates(
        self, router: Router, providers: Sequence[Provider]
    ) -> Iterator[tuple[Provider, ProviderLoad]]:
        """Providers to try one after the other, each let in by its breaker."""
        loads = {provider.id: self.load(provider.id) for provider in providers}
        if len(providers) > 1:
            providers = ordered(router.load_balancing, providers, loads, self._random)
        for provider in providers:
            if loads[provider.id].breaker.enter():
                yield provider, loads[provider.id]

    @contextmanager
    def _attempt(self, provider: Provider, load: ProviderLoad) -> Iterator[None]:
        """Count a request to a provider, and note how it ended."""
        load.in_flight += 1
        try:
            yield
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
            load.in_flight -= 1


def _unavailable() -> ModelUnavailableError:
    return ModelUnavailableError("Model is temporarily unavailable, please try again later.")
