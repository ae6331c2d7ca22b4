"""Whether the process lives, and whether it can answer."""

from typing import Literal

import msgspec
from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from gateway.catalog_feed import CatalogFeed
from gateway.serving.routing.balancer import Balancer
from gateway.serving.routing.breaker import BreakerState
from gateway.serving.snapshots import Snapshots
from gateway.serving.triton import TritonPool
from gateway.wiring.metering import Metering

STALE_SECONDS = 5.0
"""Age from which a catalogue is reported as stale."""


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(msgspec.Struct, frozen=True):
    """Whether requests can be served, and what is wrong.

    Attributes:
        status: `ready`, `degraded` (serves, with something wrong) or `unavailable`.
        reasons: one line for each thing that is wrong.

    """

    status: Literal["ready", "degraded", "unavailable"]
    reasons: list[str]

    @property
    def able(self) -> bool:
        """Whether requests can be served."""
        return self.status != "unavailable"


UNREADY = {503: ResponseSpec(Readiness, description="Requests cannot be served.", generate_examples=False)}


class HealthController(Controller):
    """Open to everybody: no key, no secrets."""

    tags = ("health",)

    @get("/health", operation_id="health", summary="Whether the server runs")
    async def health(self) -> Health:
        """Answer as long as the process runs."""
        return Health()

    @get("/health/live", operation_id="live", summary="Liveness probe")
    async def live(self) -> Health:
        """Answer as long as the process runs; a probe that fails means that it should be restarted."""
        return Health()

    @get("/health/ready", operation_id="ready", summary="Readiness probe", responses=UNREADY)
    async def ready(self, readiness: NamedDependency[Readiness]) -> Response[Readiness]:
        """Say whether requests can be served; 503 when not, so that a load balancer sends them elsewhere.

        An unreachable database only degrades: the last catalogue stays in service, and taking every gateway
        out of rotation would turn the database's outage into one of everything.
        """
        return Response(readiness, status_code=200 if readiness.able else 503)


async def judge(
    snapshots: NamedDependency[Snapshots],
    feed: NamedDependency[CatalogFeed],
    triton: NamedDependency[TritonPool],
    metering: NamedDependency[Metering],
    balancer: NamedDependency[Balancer],
) -> Readiness:
    """Dependency: whether requests can be served now."""
    blocking, degrading = [], []
    if snapshots.current.generation < 0:
        blocking.append("the catalogue has not been loaded yet")
    elif feed.age > STALE_SECONDS:
        degrading.append(f"the database has not confirmed the catalogue for {feed.age:.0f} s")
    sights = await triton.look()
    wrong = [sight.wrong for sight in sights if sight.wrong]
    held = [sight.loaded for sight in sights if sight.loaded is not None]
    if held:
        degrading += [f"{entry} is not loaded" for entry in sorted(feed.served.difference(*held))]
        degrading += wrong
    else:
        blocking += wrong or ["no inference server is configured"]
    degrading += metering.failing
    degrading += [
        f"provider {provider.id} of model {router.name} does not answer"
        for router in snapshots.current.routers.values()
        for provider in router.providers
        if balancer.load(provider.id).breaker.state is not BreakerState.CLOSED
    ]
    degrading += [f"the tokenizer of {entry} cannot be loaded" for entry in feed.unloaded]
    if blocking:
        return Readiness("unavailable", blocking + degrading)
    return Readiness("degraded" if degrading else "ready", degrading)
