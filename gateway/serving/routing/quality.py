"""Quality of service: when a provider is passed over in favour of others."""

from collections.abc import Callable, Mapping

from control_plane.catalog import Provider
from control_plane.routers.kinds import QosMetric
from gateway.serving.routing.load import ProviderLoad

_MEASURES: Mapping[QosMetric, Callable[[ProviderLoad], float | None]] = {
    QosMetric.INFLIGHT: lambda load: load.in_flight,
    QosMetric.TTFT: lambda load: _milliseconds(load.time_to_first),
    QosMetric.LATENCY: lambda load: _milliseconds(load.latency),
    QosMetric.PERFORMANCE: lambda load: _milliseconds(load.pace),
}


def strained(provider: Provider, load: ProviderLoad) -> bool:
    """Whether a provider is beyond the limit of its policy; one of which nothing is known is not."""
    if provider.qos_metric is None or provider.qos_limit is None:
        return False
    measured = _MEASURES[provider.qos_metric](load)
    return measured is not None and measured > provider.qos_limit


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
