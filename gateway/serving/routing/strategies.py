"""In which order a router's providers are tried: the first one takes the request, the next ones step in."""

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random

from control_plane.catalog import Provider
from control_plane.routers.kinds import LoadBalancing
from gateway.serving.routing.load import ProviderLoad

Order = Callable[[Provider, ProviderLoad, Random], tuple[float, ...]]
"""Key to sort by; ties do not occur, because its last part is random."""


def ordered(
    strategy: LoadBalancing,
    providers: Sequence[Provider],
    loads: Mapping[int, ProviderLoad],
    random: Random,
) -> list[Provider]:
    """Providers in the order of a strategy; those of weight 0 come last."""
    key = _ORDERS[strategy]
    return sorted(
        providers,
        key=lambda provider: (provider.weight == 0, *key(provider, loads[provider.id], random)),
    )


def _shuffle(provider: Provider, _load: ProviderLoad, random: Random) -> tuple[float, ...]:
    """A random order in which each place falls to a provider in proportion to its weight."""
    return (random.expovariate(provider.weight or 1),)


def _least_busy(provider: Provider, load: ProviderLoad, random: Random) -> tuple[float, ...]:
    """By the time to the first piece, then by what is under way.

    A provider without recent streams is tried as soon as it is idle, so that a new one gets traffic; while it
    is busy it waits behind those that are known.
    """
    known = load.time_to_first
    unknown = 0.0 if load.in_flight == 0 else math.inf
    return (
        unknown if known is None else known,
        load.in_flight / (provider.weight or 1),
        random.expovariate(provider.weight or 1),
    )


_ORDERS: Mapping[LoadBalancing, Order] = {
    LoadBalancing.SHUFFLE: _shuffle,
    LoadBalancing.LEAST_BUSY: _least_busy,
}
