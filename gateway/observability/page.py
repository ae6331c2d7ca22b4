"""The page of all metrics, as Prometheus reads it."""

from prometheus_client import CollectorRegistry, generate_latest

from gateway.observability.builds import BuildMetrics
from gateway.observability.state import StateMetrics


class MetricsPage:
    """What has been counted, the present state, and the site's builds.

    Args:
        registry: with what has been counted.

    """

    def __init__(self, registry: CollectorRegistry, state: StateMetrics, builds: BuildMetrics) -> None:
        self._registry = registry
        self._builds = builds
        registry.register(state)
        registry.register(builds)

    async def text(self) -> bytes:
        """The page as of now."""
        await self._builds.refresh()
        return generate_latest(self._registry)
