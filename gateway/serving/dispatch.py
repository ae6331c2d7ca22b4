"""Sends the requests of a model to its versions: to the active one, a share to a canary, copies to a shadow.

A canary never costs a caller an answer: what it fails, the active version answers. A shadow never costs
anything: copies are sent when the caller has its answer, few at a time, and what they answer is counted only.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import ExitStack, aclosing
from contextvars import Context
from dataclasses import dataclass
from random import random
from time import perf_counter
from typing import TypeVar

import structlog

from control_plane.catalog import Catalog, Provider, Router
from control_plane.deployments.exposure import Place
from control_plane.deployments.tally import Tally
from gateway.serving.comparison import alike
from gateway.serving.errors import OverloadedError
from gateway.serving.routing.balancer import Balancer
from gateway.serving.snapshots import Snapshots
from gateway.serving.traffic import Traffic
from model_repository.errors import TriremeError
from model_repository.manifest import Task

T = TypeVar("T")

Work = Callable[[Provider], Awaitable[T]]
"""A task with all that it needs, but for the version that runs it."""

Flow = Callable[[Provider], AsyncGenerator[T, None]]
"""Likewise, with a result in pieces."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be done, and who may do it.

    Attributes:
        catalog: that the caller holds a lease on.
        active: the router's providers that do the task, canary and shadow aside.
        priority: of the caller, where calls wait.

    """

    catalog: Catalog
    router: Router
    task: Task
    active: Sequence[Provider]
    priority: int = 0


class Dispatcher:
    """Picks the versions of each request.

    Args:
        copies: requests that may be under way to shadows together; beyond it copies are dropped.
        draw: random numbers, 0 to 1 without 1.

    """

    def __init__(
        self,
        snapshots: Snapshots,
        balancer: Balancer,
        traffic: Traffic,
        *,
        copies: int,
        draw: Callable[[], float] = random,
    ) -> None:
        self._snapshots = snapshots
        self._balancer = balancer
        self._traffic = traffic
        self._copies = copies
        self._draw = draw
        self._copying: set[asyncio.Task[None]] = set()

    async def run(self, request: Request, work: Work[T], *, copied: Work[T]) -> T:
        """Result of a task on the version that this request falls to.

        Args:
            copied: the same for a shadow, whose work is nobody's call.

        Raises:
            Exception: whatever the balancer raises.

        """
        if not request.router.divided:
            return await self._run(request, work)

        async def measured(provider: Provider) -> T:
            return await self._measured(provider, work)

        canary = self._beside(Place.CANARY, request)
        if canary is None:
            result = await self._run(request, measured)
        else:
            result = await self._try(canary, work, lambda: self._run(request, measured))
        shadow = self._beside(Place.SHADOW, request)
        if shadow is not None:
            self._copy(request.catalog, shadow, copied, result)
        return result

    async def stream(self, request: Request, flow: Flow[T]) -> AsyncGenerator[T, None]:
        """Result of a task in pieces; a shadow gets no copies of those.

        The time that counts for a canary is the one until the first piece.

        Raises:
            Exception: whatever the balancer raises, or a canary that has begun.

        """
        canary = self._beside(Place.CANARY, request) if request.router.divided else None
        if canary is not None:
            begun = False
            watch = self._watch(canary)
            try:
                async with aclosing(flow(canary)) as pieces:
                    async for piece in pieces:
                        if not begun:
                            watch.answered()
                        begun = True
                        yield piece
            except OverloadedError:
                raise
            except Exception as error:  # whatever ails a canary, the active version may still answer
                watch.failed(error)
                if begun:
                    raise
                log.warning("canary failed", cause=str(error))
            else:
                return
        answer = self._balancer.stream(request.router, request.active, flow, priority=request.priority)
        async with aclosing(answer) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """End the copies that are under way."""
        for copying in self._copying:
            copying.cancel()
        await asyncio.gather(*self._copying, return_exceptions=True)

    async def _run(self, request: Request, work: Work[T]) -> T:
        return await self._balancer.run(request.router, request.active, work, priority=request.priority)

    async def _measured(self, provider: Provider, work: Work[T]) -> T:
        watch = self._watch(provider)
        try:
            result = await work(provider)
        except Exception as error:
            watch.failed(error)
            raise
        watch.answered()
        return result

    async def _try(self, canary: Provider, work: Work[T], instead: Callable[[], Awaitable[T]]) -> T:
        watch = self._watch(canary)
        try:
            result = await work(canary)
        except OverloadedError:
            raise  # it is the gateway that has too much to do
        except Exception as error:  # noqa: BLE001 - whatever ails a canary, the active version answers
            log.warning("canary failed", cause=str(error))
            result = await instead()
            watch.failed(None)  # only here: what no version answers is the request's fault
            return result
        watch.answered()
        return result

    def _beside(self, place: Place, request: Request) -> Provider | None:
        """A canary or shadow that does the task in the same way as the active version does."""
        found = request.router.beside(place, request.task, self._draw())
        if found is None:
            return None
        ours = [provider for provider in request.active if request.task in provider.tasks]
        heads = {type(provider.graph(request.task).head) for provider in (found, *ours[:1])}
        return found if ours and len(heads) == 1 else None

    def _copy(self, catalog: Catalog, shadow: Provider, work: Work[T], result: T) -> None:
        if len(self._copying) >= self._copies:
            self._traffic.of(shadow.id).dropped += 1
            return
        lease = ExitStack()
        lease.enter_context(self._snapshots.lease(catalog))  # the shadow must not be unloaded meanwhile
        # In a context of its own: the request's log line and timings are not the copy's.
        copying = asyncio.create_task(self._compare(shadow, work, result), context=Context())
        self._copying.add(copying)
        copying.add_done_callback(self._copying.discard)
        copying.add_done_callback(lambda _: lease.close())

    async def _compare(self, shadow: Provider, work: Work[T], result: T) -> None:
        watch = self._watch(shadow)
        try:
            answer = await work(shadow)
        except OverloadedError:
            self._traffic.of(shadow.id).dropped += 1
        except Exception as error:  # noqa: BLE001 - it is a copy: nobody waits for it
            log.warning("shadow failed", cause=str(error))
            watch.failed(None)
        else:
            watch.answered()
            self._traffic.of(shadow.id).differing += not alike(answer, result)

    def _watch(self, provider: Provider) -> "_Watch":
        return _Watch(lambda: self._traffic.of(provider.id))


class _Watch:
    """Times one request to one version; it counts in the window in which it ends."""

    def __init__(self, tally: Callable[[], Tally]) -> None:
        self._tally = tally
        self._began = perf_counter()

    def answered(self) -> None:
        self._tally().note(perf_counter() - self._began)

    def failed(self, error: Exception | None) -> None:
        """Count a failure, unless it is the request's or the gateway's own fault."""
        if isinstance(error, OverloadedError) or (isinstance(error, TriremeError) and error.status < 500):
            return
        tally = self._tally()
        tally.note(perf_counter() - self._began)
        tally.failures += 1
