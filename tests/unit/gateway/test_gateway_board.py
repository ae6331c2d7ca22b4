"""The Grafana board asks for series that there are, and the page about them names them all."""

import json
import re
from pathlib import Path

import pytest
from gateway_state import state
from prometheus_client import CollectorRegistry

from control_plane.builds.figures import BuildFigures
from gateway.observability.builds import BuildMetrics
from gateway.observability.metrics import Metrics
from gateway.observability.tasks import TaskMetrics

PAGE = Path(__file__).parents[3] / "docs" / "metering.md"
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


@pytest.fixture
def registry() -> CollectorRegistry:
    """All that a gateway tells."""
    metrics = Metrics()
    TaskMetrics(metrics.registry, enabled=True)
    metrics.registry.register(BuildMetrics(nothing))
    metrics.registry.register(state())
    return metrics.registry


def test_every_series_of_the_board_exists(registry: CollectorRegistry) -> None:
    board = json.loads(BOARD.read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"\b(?:trireme|ogl)_\w+", target["expr"])
    }
    assert len(asked) > 8
    assert asked <= series(registry)


def test_the_page_about_metering_names_every_series(registry: CollectorRegistry) -> None:
    section = PAGE.read_text().partition("## Metrics")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(trireme_\w+)`", section))
    suffixes = {"counter": "_total"}
    told = {family.name + suffixes.get(family.type, "") for family in registry.collect()}
    assert named == {name for name in told if name.startswith("trireme_")}
