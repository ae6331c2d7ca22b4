"""Counts what canaries and shadows do, in windows of time that the control plane adds up."""

from collections.abc import Callable, Sequence
from time import time

from control_plane.deployments.tally import Tally

WINDOW_SECONDS = 10
"""Length of a window; windows of all gateways begin at the same times."""

WINDOWS_KEPT = 60
"""Of windows that could not be reported, in all; the oldest go first."""

WindowKey = tuple[int, int]
"""Id of the provider, and the POSIX time in seconds at which the window begins."""


class Traffic:
    """Figures by provider; used from the event loop's thread only."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._windows: dict[WindowKey, Tally] = {}
        self._changed: set[WindowKey] = set()

    def of(self, provider_id: int) -> Tally:
        """The figures to add to now."""
        now = int(self._clock())
        key = (provider_id, now - now % WINDOW_SECONDS)
        self._changed.add(key)
        return self._windows.setdefault(key, Tally())

    def unreported(self) -> Sequence[tuple[WindowKey, Tally]]:
        """Windows that have changed since they were reported."""
        for key in sorted(self._windows, key=lambda key: key[1])[:-WINDOWS_KEPT]:
            self._forget(key)
        return [(key, self._windows[key]) for key in self._changed]

    def reported(self, keys: Sequence[WindowKey]) -> None:
        """Note that these are written down; those that are over are forgotten."""
        self._changed.difference_update(keys)
        for key in [key for key in self._windows if key not in self._changed]:
            if key[1] + WINDOW_SECONDS <= self._clock():
                self._forget(key)

    def _forget(self, key: WindowKey) -> None:
        self._windows.pop(key, None)
        self._changed.discard(key)
