"""Which candidate is published, and which others would be right for somebody: the Pareto front."""

from collections.abc import Callable, Iterable, Sequence
from math import sqrt

from msgspec.structs import replace

from converters.results import Built, Figures, Verdict
from converters.spec import ConversionError
from model_repository.manifest import Candidate, Engine, Precision

SEVERAL_WORTH = 1.1
"""So many times the throughput is worth the memory of several instances."""

Judge = Callable[[Candidate, Built], Candidate]
"""Adds the parity report to a candidate, or the reason why there is none."""


def fastest_first(built: Iterable[Built], *, int8_worth: float) -> tuple[Built, ...]:
    """By throughput, of which some need to have more; those that do not run come last.

    Several instances need more for their memory, and by the root of how many times as long a single text
    takes in one of them as in the fastest of the same engine and precision that stands alone: throughput
    counts twice as much as that.

    Args:
        int8_worth: so many times the throughput is worth what answers lose with int8; see
            `converters.parity`.

    """
    every = tuple(built)
    alone: dict[tuple[Engine, Precision], Figures] = {}
    for one in every:
        fastest = alone.get(_kind(one))
        if one.figures is None or one.engine.instances > 1:
            continue
        if fastest is None or one.figures.texts_per_second > fastest.texts_per_second:
            alone[_kind(one)] = one.figures

    def worth(one: Built) -> float:
        if one.figures is None:
            return 0.0
        needed = int8_worth if one.engine.precision is Precision.INT8 else 1.0
        if one.engine.instances > 1:
            needed *= SEVERAL_WORTH
            if single := alone.get(_kind(one)):
                needed *= sqrt(max(one.figures.latency_ms / single.latency_ms, 1.0))
        return one.figures.texts_per_second / needed

    return tuple(sorted(every, key=worth, reverse=True))


def _kind(one: Built) -> tuple[Engine, Precision]:
    """What several instances have in common with the one that stands alone."""
    return one.engine.engine, one.engine.precision


def choose(tried: Sequence[Built], judge: Judge, tell: Callable[[Candidate], str]) -> Verdict:
    """Judge candidates and mark the front; the first that passes is chosen.

    What is beaten in all figures by one that has passed is not judged: whatever its report said, nobody
    would want it, and a judgement costs about as much time as all the measuring.

    Args:
        tried: fastest first, see `fastest_first`.
        tell: a candidate that was refused, with its figures, in one line.

    Raises:
        ConversionError: none passes.

    """
    told: list[Candidate] = []
    for built in tried:
        candidate = built.candidate
        front = [one for one in told if one.front]
        if not (built.error or built.unverified or is_beaten(candidate, front)):
            candidate = judge(candidate, built)
        if candidate.parity is not None and candidate.parity.passed:
            candidate = replace(candidate, front=True, chosen=not front)
        told.append(candidate)
    for built, candidate in zip(tried, told, strict=True):
        if candidate.chosen:
            return Verdict(folder=built.folder, candidates=tuple(told))
    raise ConversionError(
        "no candidate answers like the original: " + "; ".join(map(tell, told)),
        hint="The model cannot be converted faithfully on this host; see the log of the stage.",
    )


def is_beaten(candidate: Candidate, others: Iterable[Candidate]) -> bool:
    """Whether one of the others is at least as good in every figure that is known of both."""
    return any(_covers(other, candidate) for other in others)


def _covers(better: Candidate, worse: Candidate) -> bool:
    pairs = zip(_costs(better), _costs(worse), strict=True)
    return all(low <= high for low, high in pairs if low is not None and high is not None)


def _costs(candidate: Candidate) -> tuple[float | None, ...]:
    """Figures of which less is better."""
    speed = candidate.texts_per_second
    return (None if speed is None else -speed, candidate.latency_ms, candidate.memory_mib)
