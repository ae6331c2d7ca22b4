"""Gauges that are read when Prometheus scrapes, so that requests pay nothing for them."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.intake import Intake
from gateway.serving.metering.recorder import Recorder
from gateway.serving.routing.balancer import Balancer
from gateway.serving.routing.breaker import BreakerState
from gateway.serving.snapshots import Snapshots

PROVIDER = ("router", "provider", "type")


class StateMetrics(Collector):
    """Queues, providers, and what was turned away.

    Args:
        rows: that wait for the engine, by model.

    """

    def __init__(
        self,
        snapshots: Snapshots,
        balancer: Balancer,
        recorder: Recorder,
        intake: Intake,
        rows: Callable[[], Mapping[str, int]],
    ) -> None:
        self._snapshots = snapshots
        self._balancer = balancer
        self._recorder = recorder
        self._intake = intake
        self._rows = rows

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from self._queues()
        yield from self._providers()
        yield _gauge("trireme_gateway_requests_in_progress", "Requests under way.", self._intake.requests)
        refused = CounterMetricFamily(
            "trireme_gateway_refused", "Requests turned away at the door.", labels=("reason",)
        )
        for reason, number in self._intake.refused.items():
            refused.add_metric((reason,), number)
        yield refused

    def _queues(self) -> Iterator[Metric]:
        rows = GaugeMetricFamily("trireme_queue_rows", "Rows that wait for the engine.", labels=("model",))
        for model, number in self._rows().items():
            rows.add_metric((model,), number)
        yield rows
        calls = GaugeMetricFamily(
            "trireme_queue_calls", "Calls that wait for a provider.", labels=("router",)
        )
        waiting = self._balancer.waiting
        for router in self._snapshots.current.routers.values():
            if router.id in waiting:
                calls.add_metric((router.name,), waiting[router.id])
        yield calls
        yield _gauge("trireme_usage_waiting", "Ended calls that wait for the database.", len(self._recorder))
        dropped = CounterMetricFamily("trireme_usage_dropped", "Usage records that found no room.")
        dropped.add_metric((), self._recorder.dropped)
        yield dropped

    def _providers(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "trireme_provider_up", "1 for a provider that works, 0 for one left alone.", labels=PROVIDER
        )
        busy = GaugeMetricFamily("trireme_provider_in_flight", "Requests under way there.", labels=PROVIDER)
        for router in self._snapshots.current.routers.values():
            for provider in router.providers:
                load = self._balancer.load(provider.id)
                labels = (router.name, str(provider.id), provider.kind.value)
                up.add_metric(labels, load.breaker.state is BreakerState.CLOSED)
                busy.add_metric(labels, load.in_flight)
        yield from (up, busy)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
