"""The page of all metrics, as Prometheus reads it."""

import os
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from gateway.observability.builds import BuildMetrics
from gateway.observability.state import StateMetrics

SHARED_COUNTS = "PROMETHEUS_MULTIPROC_DIR"
"""Variable with the folder where gateways of a host add up what they count; prometheus_client reads it."""


class MetricsPage:
    """What has been counted, the present state, and the site's builds.

    Where several gateways share an address, the counts are those of all of them, and the present state is
    that of the one that answers, which the label `process` names.

    Args:
        registry: with what this gateway has counted.

    """

    def __init__(self, registry: CollectorRegistry, state: StateMetrics, builds: BuildMetrics) -> None:
        self._folder = os.environ.get(SHARED_COUNTS)
        self._registry = registry
        self._builds = builds
        self._present = CollectorRegistry()
        self._present.register(_OfProcess(state) if self._folder else state)
        self._present.register(builds)

    async def text(self) -> bytes:
        """The page as of now."""
        await self._builds.refresh()
        counts = self._registry
        if self._folder:
            counts = CollectorRegistry()
            MultiProcessCollector(counts, self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(counts) + generate_latest(self._present)


class _OfProcess(Collector):
    """Another collector's metrics with a label for the process."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def collect(self) -> Iterator[Metric]:
        """All families."""
        mark = {"process": str(os.getpid())}
        for family in self._collector.collect():
            family.samples = [sample._replace(labels=sample.labels | mark) for sample in family.samples]
            yield family
