"""The catalogue in service, and which older ones running requests still hold.

An old version of a model may only be unloaded when nobody can send to it any more. Each request therefore
holds a lease on the catalogue that it began under, and `settled` tells how far all of them have moved on.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from control_plane.catalog import Catalog


class Snapshots:
    """One current catalogue; used from the event loop's thread only."""

    def __init__(self) -> None:
        self._current = Catalog(generation=-1)
        self._leases: Counter[int] = Counter()

    @property
    def current(self) -> Catalog:
        """The catalogue for new requests; its generation is -1 before the first one has arrived."""
        return self._current

    @property
    def settled(self) -> int:
        """Newest generation such that no request begun under an older one is still running."""
        return min(self._leases, default=self._current.generation)

    def swap(self, catalog: Catalog) -> None:
        """Serve new requests from `catalog`."""
        self._current = catalog

    @contextmanager
    def lease(self, held: Catalog | None = None) -> Iterator[Catalog]:
        """Current catalogue, counted as in use until the block ends.

        Args:
            held: instead of the current one, a catalogue that the caller holds a lease on.

        """
        catalog = self._current if held is None else held
        generation = catalog.generation
        self._leases[generation] += 1
        try:
            yield catalog
        finally:
            self._leases[generation] -= 1
            if not self._leases[generation]:
                del self._leases[generation]
