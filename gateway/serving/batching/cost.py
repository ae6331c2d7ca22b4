"""What a pack costs on an engine, learned while it serves."""

from collections import deque

UNSETTLED = 8
"""Packs of an engine that are not believed: its first ones may take several times as long."""

MEMORY = 0.99
"""What an observation still counts after the next one: some hundred of them make the picture."""

EXPECTILE = 0.1
"""Weight of times above the estimate against those below it: other work on the host only ever adds time."""

OVERHEAD = 2e-3
PER_TOKEN = 1e-4
"""Seconds that are assumed before anything is known."""

PRIOR = 0.02
"""How much packs have to differ in size, as a squared share of it, to tell as much as that assumption."""

LEAST_OVERHEAD, MOST_OVERHEAD = 8, 512
"""In tokens, the bounds of what is believed. Reading the weights and the RPC are never free; an estimate that
said so would send every length by itself, and never learn better."""


class CostModel:
    """Seconds that an engine works for a pack: `per_token * (overhead + tokens)`, a lower expectile.

    A line through the observations by least squares of the relative errors, because what disturbs a pack
    disturbs a large one more; the older ones are forgotten step by step (asymmetric least squares after Newey
    and Powell, Econometrica 55, 1987).

    An engine that is busy when a pack arrives begins with it when an instance is done with one before. With
    one instance, what lies between two answers is therefore the work for the later pack alone, however long
    that has waited; with two, it is what lies between every other answer.

    Args:
        instances: of the engine, each of which works on a pack of its own.
        overhead: as it was measured; None to learn that too, which on a busy host takes longer than one load
            lasts.

    Attributes:
        instances: as given.
        overhead: what a pack costs whatever it holds, in tokens.
        per_token: seconds for each token, padding included.

    """

    def __init__(self, instances: int = 1, overhead: float | None = None) -> None:
        self.instances = instances
        self._measured = overhead
        self.overhead = _bounded(OVERHEAD / PER_TOKEN if overhead is None else overhead)
        self.per_token = PER_TOKEN
        self._answers = deque([0.0] * instances, maxlen=instances)
        self._weight = self._x = self._xx = self._y = self._xy = 0.0

    def seconds(self, tokens: int) -> float:
        """Estimate for a pack of so many tokens."""
        return self.per_token * (self.overhead + tokens)

    def observe(self, tokens: int, sent: float, answered: float) -> None:
        """Learn from a pack that comes back, the packs of an engine in the order of their answers.

        Args:
            sent: seconds, by the same clock as `answered`.

        """
        seconds = answered - max(sent, self._answers[0])
        self._answers.append(answered)
        side = EXPECTILE if seconds > self.seconds(tokens) else 1 - EXPECTILE
        weight = side / (self.overhead + tokens) ** 2
        self._weight = MEMORY * self._weight + weight
        self._x = MEMORY * self._x + weight * tokens
        self._xx = MEMORY * self._xx + weight * tokens * tokens
        self._y = MEMORY * self._y + weight * seconds
        self._xy = MEMORY * self._xy + weight * tokens * seconds
        if self._measured is None:
            self.overhead = _bounded(self._axis())
        self.per_token = max(self._y / (self._x + self._weight * self.overhead), 1e-9)

    def _axis(self) -> float:
        """How far left of no tokens the line, which goes through the mean of all, is down at no time."""
        tokens, seconds = self._x / self._weight, self._y / self._weight
        variance = self._xx / self._weight - tokens**2
        covariance = self._xy / self._weight - tokens * seconds
        assumed, trust = seconds / (tokens + OVERHEAD / PER_TOKEN), PRIOR * tokens**2
        slope = (covariance + trust * assumed) / (variance + trust)
        return seconds / slope - tokens if slope > 0 else MOST_OVERHEAD


def _bounded(overhead: float) -> float:
    return min(max(overhead, LEAST_OVERHEAD), MOST_OVERHEAD)


class Latency:
    """What an answer takes beside the engine's work: the way there and back, and both ends' own time.

    Only packs that find nothing before them tell.
    """

    def __init__(self) -> None:
        self._weight = self._seconds = 0.0

    def observe(self, seconds: float, work: float) -> None:
        """Learn from a pack that was sent while none was on its way.

        Args:
            seconds: until its answer.
            work: seconds of the engine for it.

        """
        self._weight = MEMORY * self._weight + 1
        self._seconds = MEMORY * self._seconds + max(seconds - work, 0.0)

    def seconds(self, work: float) -> float:
        """Estimate until the answer to a pack that finds nothing before it; 0 before anything is known."""
        return work + self._seconds / self._weight if self._weight else 0.0
