"""What a pack costs on an engine, learned while it serves."""

MEMORY = 0.98
"""What an observation still counts after the next one: some fifty of them make the picture."""

EXPECTILE = 0.1
"""Weight of times above the estimate against those below it. Packs that wait for others inside Triton look
slow; the estimate has to be that of a pack that does not."""

OVERHEAD = 2e-3
PER_TOKEN = 1e-4
"""Seconds that are assumed before anything is known."""


class CostModel:
    """Seconds of a pack as `overhead + per_token * tokens`, a lower expectile of what was seen.

    A weighted least-squares line through the observations, the older ones forgotten step by step (asymmetric
    least squares after Newey and Powell, Econometrica 55, 1987).

    Attributes:
        overhead: seconds of a pack whatever it holds.
        per_token: seconds more for each of its tokens, padding included.

    """

    def __init__(self) -> None:
        self.overhead = OVERHEAD
        self.per_token = PER_TOKEN
        self._weight = self._x = self._xx = self._y = self._xy = 0.0

    def seconds(self, tokens: int) -> float:
        """Estimate for a pack of so many tokens."""
        return self.overhead + self.per_token * tokens

    def observe(self, tokens: int, seconds: float) -> None:
        """Learn from a pack that took so long."""
        weight = EXPECTILE if seconds > self.seconds(tokens) else 1 - EXPECTILE
        self._weight = MEMORY * self._weight + weight
        self._x = MEMORY * self._x + weight * tokens
        self._xx = MEMORY * self._xx + weight * tokens * tokens
        self._y = MEMORY * self._y + weight * seconds
        self._xy = MEMORY * self._xy + weight * tokens * seconds
        spread = self._weight * self._xx - self._x * self._x
        if spread > 1e-6 * self._weight * self._xx:
            slope = (self._weight * self._xy - self._x * self._y) / spread
            self.per_token = max(slope, 0.0)
        else:  # all packs had one size: they tell a share of both, which cannot be told apart
            self.per_token = self._y / (self._x + self._weight * OVERHEAD / PER_TOKEN)
        self.overhead = max((self._y - self.per_token * self._x) / self._weight, 0.0)
