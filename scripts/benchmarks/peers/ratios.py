"""Trireme's figures over those of others, as its aims name them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from scripts.benchmarks.peers.loads import MANY, ONE
from scripts.benchmarks.peers.measuring import Figures
from scripts.benchmarks.peers.run import Result
from scripts.benchmarks.peers.session import GATEWAY, WORKERS

HAND_SORTED = "direct, hand-sorted"
AS_THEY_COME = "direct, as they come"

NOT_MEASURED = "-"


@dataclass(frozen=True)
class Aim:
    """A ratio that is aimed at.

    Attributes:
        least: whether it should be at least `mark`, otherwise at most.

    """

    words: str
    mark: float
    least: bool
    ratio: Callable[["Ratios", str], float | None]

    @property
    def bound(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.mark:g}"


class Ratios:
    """Of one task."""

    def __init__(self, result: Result) -> None:
        self._table = {(each.length, each.load, each.way): each for each in result.figures}
        peers = result.workload.peers
        self.peers = [each.name for each in peers]
        self.torch = [each.name for each in peers if not each.onnx]
        self.onnx = [each.name for each in peers if each.onnx]

    def speed(self, length: str, others: Sequence[str], ours: str = GATEWAY) -> float | None:
        """Texts a second of 64 callers over the best of some ways: the median over the turns, one by one."""
        mine = self._table.get((length, MANY.name, ours))
        found = self._found(length, MANY.name, others)
        if mine is None or not found:
            return None
        best = max(found, key=lambda each: each.texts_per_second)
        return median(one / other for one, other in zip(mine.speeds, best.speeds, strict=True))

    def p50(self, length: str, others: Sequence[str]) -> float | None:
        """Median latency of one caller over the quickest of some ways: the median over the turns, too."""
        mine = self._table.get((length, ONE.name, GATEWAY))
        found = self._found(length, ONE.name, others)
        if mine is None or not found:
            return None
        best = min(found, key=lambda each: each.p50)
        return median(one / other for one, other in zip(mine.medians, best.medians, strict=True))

    def _found(self, length: str, load: str, ways: Iterable[str]) -> list[Figures]:
        return [self._table[length, load, way] for way in ways if (length, load, way) in self._table]


BESIDE_PEERS = (
    Aim("texts/s over the best peer on torch, 64 callers", 5, True, lambda of, at: of.speed(at, of.torch)),
    Aim("texts/s over the best peer on ONNX, 64 callers", 2, True, lambda of, at: of.speed(at, of.onnx)),
    Aim("p50 over the quickest peer's, 1 caller", 0.5, False, lambda of, at: of.p50(at, of.peers)),
)

BESIDE_TRITON = (
    Aim(
        "texts/s over hand-sorted direct calls, 64 callers",
        0.9,
        True,
        lambda of, at: of.speed(at, [HAND_SORTED]),
    ),
    Aim(
        "p50 over a direct call with tokenising, 1 caller",
        1.15,
        False,
        lambda of, at: of.p50(at, [AS_THEY_COME]),
    ),
    Aim(
        "texts/s of two workers over one, 64 callers",
        1,
        True,
        lambda of, at: of.speed(at, [GATEWAY], WORKERS),
    ),
)

ABOVE_PEERS = (
    Aim("texts/s over the best peer, 64 callers", 1, True, lambda of, at: of.speed(at, of.peers)),
    Aim("p50 over the quickest peer's, 1 caller", 1, False, lambda of, at: of.p50(at, of.peers)),
)


def rows(result: Result) -> list[str]:
    """The lines of a table in Markdown, a column for each length."""
    of = Ratios(result)
    lengths = list(result.workload.loads)
    aims = BESIDE_TRITON + BESIDE_PEERS if result.workload.direct else ABOVE_PEERS
    lines = [f"| Trireme's | aim | {' | '.join(lengths)} |", "|---|---|" + "---:|" * len(lengths)]
    for aim in aims:
        found = (aim.ratio(of, length) for length in lengths)
        cells = (NOT_MEASURED if each is None else f"{each:.2f}" for each in found)
        lines.append(f"| {aim.words} | {aim.bound} | {' | '.join(cells)} |")
    return lines
