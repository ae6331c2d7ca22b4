"""How many packs should be on their way to Triton together."""

START = 2
"""One is computed while the next one arrives."""

MOST = 64


class Width:
    """Packs in flight, found as TCP Vegas finds its window (Brakmo and Peterson, 1995).

    Of `limit` packs in flight, `limit * (1 - alone / taken)` wait inside Triton, where nothing can be packed
    anew any more. One should always wait, so that the engine never does; more than two are too many.
    """

    def __init__(self) -> None:
        self.limit = START

    def observe(self, alone: float, taken: float) -> None:
        """Learn from a pack that came back while more rows were waiting.

        Args:
            alone: seconds that it would have taken with nothing else in flight.
            taken: seconds that it took.

        """
        waiting = self.limit * (1 - min(alone / taken, 1.0)) if taken > 0 else 0.0
        if waiting < 1:
            self.limit = min(self.limit + 1, MOST)
        elif waiting > 2:
            self.limit = max(self.limit - 1, START)
