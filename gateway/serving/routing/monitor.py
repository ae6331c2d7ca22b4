"""Checks providers periodically, so that a broken one is known before a caller finds out."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from control_plane.catalog import Provider
from control_plane.routers.kinds import ProviderKind
from gateway.serving.routing.balancer import Balancer
from gateway.serving.routing.breaker import BreakerState
from gateway.serving.snapshots import Snapshots
from model_repository.errors import TriremeError

AT_ONCE = 16


class Looker(Protocol):
    """Makes sure that a provider answers."""

    async def look(self, provider: Provider) -> None:
        """Raise TriremeError or TimeoutError if it does not."""


class ProviderMonitor:
    """Looks at every upstream, and at those of our own Triton servers that have failed.

    Args:
        interval: seconds between two rounds.

    """

    def __init__(self, snapshots: Snapshots, balancer: Balancer, looker: Looker, *, interval: float) -> None:
        self._snapshots = snapshots
        self._balancer = balancer
        self._looker = looker
        self._interval = interval
        self._stopping = asyncio.Event()
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Go round until `stop`."""
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._interval)
            if not self._stopping.is_set():
                await self.round()

    def stop(self) -> None:
        """End `run` after the round under way."""
        self._stopping.set()

    async def round(self) -> None:
        """Look at each once."""
        await asyncio.gather(*map(self._look, self._due()))

    def _due(self) -> Iterable[Provider]:
        for router in self._snapshots.current.routers.values():
            for provider in router.providers:
                ours = provider.kind is ProviderKind.TRITON
                if not ours or self._state(provider) is not BreakerState.CLOSED:
                    yield provider

    async def _look(self, provider: Provider) -> None:
        async with self._slots:
            try:
                await self._looker.look(provider)
            except (TriremeError, TimeoutError):
                if self._state(provider) is BreakerState.CLOSED:
                    self._balancer.load(provider.id).breaker.failed()
            else:
                self._balancer.load(provider.id).breaker.reached()

    def _state(self, provider: Provider) -> BreakerState:
        return self._balancer.load(provider.id).breaker.state
