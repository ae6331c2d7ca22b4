"""Metrics of builds, read from the database when Prometheus scrapes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from control_plane.builds.figures import BuildFigures

READ_SECONDS = 2.0
"""A database that takes longer is left alone: the other metrics are wanted most when it is ill."""

log = structlog.get_logger(__name__)


class BuildMetrics(Collector):
    """What was read last.

    Args:
        read: reads the figures of the whole site, the same for each of its gateways.

    """

    def __init__(self, read: Callable[[], Awaitable[BuildFigures]]) -> None:
        self._read = read
        self._figures = BuildFigures()

    async def refresh(self) -> None:
        """Read anew, or keep what there is."""
        try:
            async with asyncio.timeout(READ_SECONDS):
                self._figures = await self._read()
        except Exception as error:  # noqa: BLE001 - whatever ails the database, the rest can be told
            log.warning("builds cannot be counted", cause=str(error) or type(error).__name__)

    def collect(self) -> Iterator[Metric]:
        """Builds by status; stages and their seconds by name and status."""
        builds = GaugeMetricFamily(
            "trireme_builds", "Builds of the site, as long as their rows are kept.", labels=("status",)
        )
        for status, number in self._figures.builds.items():
            builds.add_metric((status,), number)
        yield builds
        stages = CounterMetricFamily("trireme_build_stages", "Stages of builds.", labels=("stage", "status"))
        seconds = CounterMetricFamily(
            "trireme_build_stage_seconds", "Time of those stages, together.", labels=("stage", "status")
        )
        for labels, figures in self._figures.stages.items():
            stages.add_metric(labels, figures.number)
            seconds.add_metric(labels, figures.seconds)
        yield from (stages, seconds)
