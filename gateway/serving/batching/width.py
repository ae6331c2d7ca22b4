"""How many packs may be in flight to Triton: a concurrency window, found as TCP Vegas finds its own."""

LEAST = 2
"""Packs in flight, even for one instance: the next one arrives while it works. Several instances need no more
than themselves, because one that waits leaves its cores to the others."""

MOST = 64

SMOOTHING = 0.1
"""What one pack tells; its time alone depends on whatever else the hosts do."""


class Width:
    """Packs in flight, found as TCP Vegas finds its window (Brakmo and Peterson, 1995).

    Of `limit` packs in flight, `limit * (1 - alone / taken)` wait inside Triton, where nothing can be packed
    anew any more. One should always wait, so that the engine never does.

    Args:
        instances: of the engine, each of which works on a pack of its own.

    """

    def __init__(self, instances: int = 1) -> None:
        self._least = max(instances, LEAST)
        self.limit = self._least
        self._waiting = 1.0

    def observe(self, alone: float, taken: float) -> None:
        """Learn from a pack that came back while more rows were waiting.

        Args:
            alone: seconds that it would have taken with nothing else in flight.
            taken: seconds that it took.

        """
        waiting = self.limit * (1 - min(alone / taken, 1.0)) if taken > 0 else 0.0
        self._waiting += SMOOTHING * (waiting - self._waiting)
        step = (self._waiting < 0.5) - (self._waiting > 1.5)
        if step:
            self.limit = min(max(self.limit + step, self._least), MOST)
            self._waiting = 1.0  # what was seen with another number in flight tells nothing of this one
