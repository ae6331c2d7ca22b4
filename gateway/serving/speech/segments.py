"""What a model writes about a window: text between timestamps, and how far to move on behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

STEP = 0.02
"""Seconds from one timestamp to the next."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a window.

    Attributes:
        start: seconds from the beginning of the window.
        end: likewise.
        tokens: those between the timestamps, which may include special ones.

    """

    start: float
    end: float
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """A window as far as it is understood.

    Attributes:
        seconds: to move on; what comes after is heard again, together with what follows.

    """

    spans: tuple[Span, ...]
    seconds: float


def read_window(tokens: Sequence[int], first: int, seconds: float) -> Heard:
    """Cut what was written at its timestamps.

    Two timestamps in a row say that a sentence ends and the next begins. Where the last of them is followed
    by more, the window cuts that sentence short: the next window begins there. One timestamp at the very end
    says that nothing is said behind it.

    Args:
        first: timestamp of 0 s; the tokens from here on are timestamps.
        seconds: length of the window, without the silence that fills it.

    """
    times = [min(max(0, token - first) * STEP, seconds) for token in tokens]
    timed = [token >= first for token in tokens]
    cuts = [at + 1 for at, pair in enumerate(pairwise(timed)) if all(pair)]
    if not cuts:
        end = max((time for time, is_time in zip(times, timed, strict=True) if is_time), default=0.0)
        text = tuple(token for token in tokens if token < first)
        return Heard((Span(0.0, end or seconds, text),) if text else (), seconds)
    whole = timed[-2:] == [False, True]
    bounds = [0, *cuts, *([len(tokens)] if whole else [])]
    spans = tuple(
        Span(times[start], times[end - 1], text)
        for start, end in pairwise(bounds)
        if (text := tuple(token for token in tokens[start:end] if token < first))
    )
    return Heard(spans, seconds if whole else times[cuts[-1] - 1])
