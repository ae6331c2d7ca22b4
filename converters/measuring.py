"""Speed of the candidates, measured side by side so that a busy host slows all of them alike."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from converters.engines import Session
from converters.messages import Progress
from converters.results import Figures
from converters.samples import Sampler
from converters.tensors import Tensors
from model_repository.backends.packing import MASK
from model_repository.manifest import EngineSpec

ROUNDS = 3
OUT_OF_THE_RACE = 1.5
"""A candidate this many times slower than the fastest is measured once only: its place is clear."""

ENOUGH_SECONDS = 15.0
"""After this long no further round of a race begins; slow models are far enough apart by then."""

Seconds = NDArray[np.float64]


def measure(
    sessions: Mapping[str, Session],
    sampler: Sampler,
    outputs: tuple[str, ...],
    progress: Progress,
    *,
    engines: Mapping[str, EngineSpec],
    memory: Mapping[str, float],
) -> dict[str, Figures]:
    """Figures by candidate: one race over packs as the gateway makes them, one over single rows.

    Args:
        engines: by candidate, as the sessions.
        memory: MiB by candidate, of those for which it is known.

    """
    packs, singles = sampler.traffic(), sampler.singles()
    together = race(sessions, packs, outputs, _share(progress, 0))
    alone = race(sessions, singles, outputs, _share(progress, 50))
    rows = sum(len(next(iter(pack.values()))) for pack in packs)
    return {
        name: Figures(
            texts_per_second=rows / float(together[name].sum()),
            latency_ms=1000 * float(np.median(alone[name])),
            memory_mib=memory.get(name),
            pack_overhead=pack_overhead(
                [*packs, *singles],
                np.concatenate([together[name], alone[name]]),
                padding=engines[name].pads,
            ),
        )
        for name in sessions
    }


def pack_overhead(batches: Sequence[Tensors], seconds: Seconds, *, padding: bool) -> float | None:
    """What each of the batches costs beside its tokens, as many tokens as would cost the same.

    Where the line by least squares of the relative errors meets no time at all; None for what is no text.

    Args:
        padding: whether that counts as tokens too.

    """
    if any(MASK not in batch for batch in batches):
        return None
    tokens = [batch[MASK].size if padding else np.count_nonzero(batch[MASK]) for batch in batches]
    per_token, alone = np.polyfit(tokens, seconds, 1, w=1 / seconds)
    return max(float(alone / per_token), 0.0) if per_token > 0 else None


def race(
    sessions: Mapping[str, Session], batches: list[Tensors], outputs: tuple[str, ...], progress: Progress
) -> dict[str, Seconds]:
    """Best time of each batch by candidate, in seconds.

    The candidates take turns round by round, and the best of all rounds counts: other work on the host only
    ever takes time away. The first round warms up, because engines prepare themselves for each new shape.
    """
    best = {name: np.full(len(batches), np.inf) for name in sessions}
    racing = dict(sessions)
    end = time.perf_counter() + ENOUGH_SECONDS
    for turn in range(ROUNDS + 1):
        if turn > 1 and time.perf_counter() > end:
            break
        for name, session in racing.items():
            progress(100 * turn / (ROUNDS + 1), f"measuring {name}")
            seconds = _lap(session, batches, outputs)
            if turn > 0:
                best[name] = np.minimum(best[name], seconds)
        if turn > 0:
            slowest = OUT_OF_THE_RACE * min((one.sum() for one in best.values()), default=0.0)
            racing = {name: session for name, session in racing.items() if best[name].sum() <= slowest}
    return best


def _lap(session: Session, batches: list[Tensors], outputs: tuple[str, ...]) -> Seconds:
    marks = [time.perf_counter()]
    for batch in batches:
        session.run(batch, outputs)
        marks.append(time.perf_counter())
    return np.diff(marks)


def _share(progress: Progress, start: float) -> Callable[[float, str], None]:
    """Progress of one of two races."""
    return lambda percent, message: progress(start + percent / 2, message)
