"""Throughput of the candidates, measured side by side so that a busy host slows all of them alike."""

import time
from collections.abc import Mapping

from converters.engines import Session
from converters.messages import Progress
from converters.tensors import Tensors

ROUNDS = 3
OUT_OF_THE_RACE = 1.5
"""A candidate this many times slower than the fastest is measured once only: its place is clear."""

ENOUGH_SECONDS = 30.0
"""After this long no further round begins; slow models are far enough apart by then."""


def rows_per_second(
    sessions: Mapping[str, Session], batches: list[Tensors], outputs: tuple[str, ...], progress: Progress
) -> dict[str, float]:
    """Rows (texts, pairs or images) a second by candidate.

    The candidates take turns round by round, and each one's best round counts: other work on the host only
    ever takes time away. The first round warms up, because engines prepare themselves for each new shape.
    """
    rows = sum(len(next(iter(batch.values()))) for batch in batches)
    best = dict.fromkeys(sessions, float("inf"))
    racing = dict(sessions)
    end = time.perf_counter() + ENOUGH_SECONDS
    for turn in range(ROUNDS + 1):
        if turn > 1 and time.perf_counter() > end:
            break
        for name, session in racing.items():
            progress(100 * turn / (ROUNDS + 1), f"measuring {name}")
            started = time.perf_counter()
            for batch in batches:
                session.run(batch, outputs)
            if turn > 0:
                best[name] = min(best[name], time.perf_counter() - started)
        if turn > 0:
            slowest = OUT_OF_THE_RACE * min(best.values(), default=0.0)
            racing = {name: session for name, session in racing.items() if best[name] <= slowest}
    return {name: rows / seconds for name, seconds in best.items()}
