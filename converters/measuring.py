"""Throughput of the candidates, measured side by side so that a busy host slows all of them alike."""

import time
from collections.abc import Mapping

from converters.engines import Session
from converters.messages import Progress
from converters.tensors import Tensors

ROUNDS = 4
ENOUGH_SECONDS = 60.0
"""After this long no further round begins; slow models are far enough apart by then."""


def texts_per_second(
    sessions: Mapping[str, Session], batches: list[Tensors], outputs: tuple[str, ...], progress: Progress
) -> dict[str, float]:
    """Texts a second by candidate.

    The candidates take turns round by round, and each one's best round counts: other work on the host only
    ever takes time away. The first round warms up, because engines prepare themselves for each new shape.
    """
    texts = sum(len(batch["input_ids"]) for batch in batches)
    best = dict.fromkeys(sessions, float("inf"))
    end = time.perf_counter() + ENOUGH_SECONDS
    for turn in range(ROUNDS + 1):
        if turn > 1 and time.perf_counter() > end:
            break
        for name, session in sessions.items():
            progress(100 * turn / (ROUNDS + 1), f"measuring {name}")
            started = time.perf_counter()
            for batch in batches:
                session.run(batch, outputs)
            if turn > 0:
                best[name] = min(best[name], time.perf_counter() - started)
    return {name: texts / seconds for name, seconds in best.items()}
