"""The Grafana board asks for series that there are."""

import json
import re
from pathlib import Path

from gateway_state import state
from prometheus_client import CollectorRegistry

from control_plane.builds.figures import BuildFigures
from gateway.observability.builds import BuildMetrics
from gateway.observability.metrics import Metrics
from gateway.observability.tasks import TaskMetrics

BOARD = Path(__file__).parents[3] / "deploy" / "grafana" / "trireme.json"


def series(registry: CollectorRegistry) -> set[str]:
    suffixes = {
        "counter": ("_total",),
        "gauge": ("",),
        "histogram": ("_bucket", "_count", "_sum"),
        "summary": ("_count", "_sum"),
    }
    return {family.name + suffix for family in registry.collect() for suffix in suffixes[family.type]}


async def nothing() -> BuildFigures:
    return BuildFigures()


def test_every_series_of_the_board_exists() -> None:
    metrics = Metrics()
    TaskMetrics(metrics.registry, enabled=True)
    metrics.registry.register(BuildMetrics(nothing))
    metrics.registry.register(state())
    board = json.loads(BOARD.read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"\b(?:trireme|ogl)_\w+", target["expr"])
    }
    assert len(asked) > 8
    assert asked <= series(metrics.registry)
