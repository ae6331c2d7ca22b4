"""Whether several instances get more done than one with all the threads."""

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, count, takewhile

import numpy as np

from converters.causes import in_one_line
from converters.engines import Session, open_session, several
from converters.measuring import ENOUGH_SECONDS, ROUNDS, race
from converters.results import Built, Figures
from converters.samples import Sampler
from converters.tensors import Tensors
from converters.work import Work

logger = logging.getLogger(__name__)

MEMORY_SHARE = 0.5
"""Of what a stage may hold: the most that the instances of one model take together."""


def splits(
    work: Work, fastest: Built, whole: Session, sampler: Sampler, outputs: tuple[str, ...]
) -> Iterator[Built]:
    """The fastest candidate as several instances, as long as there is memory for all; see `shapes`.

    What cannot be opened several times is told as a candidate that failed, and costs the build nothing else.

    Args:
        whole: the candidate, opened with all threads.

    """
    figures, threads = fastest.figures, work.spec.threads
    assert figures is not None
    packs, singles = sampler.traffic(), sampler.singles()
    for instances, each in shapes(threads):
        engine = several(fastest.engine, instances, each)
        memory = None if figures.memory_mib is None else figures.memory_mib * instances
        if engine is None or (memory or 0) * 2**20 > MEMORY_SHARE * work.spec.memory_bytes:
            return
        work.progress(95, f"measuring {engine.label}")
        try:
            sessions = [open_session(engine, work.folder / fastest.folder) for _ in range(instances)]
            alone = race({"": sessions[0]}, singles, outputs, lambda _percent, _message: None)[""]
            faster = gain(whole, sessions, packs, outputs)
        except Exception as error:
            logger.exception("%s could not be measured", engine.label)
            yield Built(engine=engine, error=in_one_line(error))
            return
        measured = Figures(
            texts_per_second=figures.texts_per_second * faster,
            latency_ms=1000 * float(np.median(alone)),
            memory_mib=memory,
            pack_overhead=figures.pack_overhead,
        )
        yield Built(engine=engine, folder=fastest.folder, figures=measured)


def shapes(threads: int) -> Iterator[tuple[int, int]]:
    """Instances and threads of each: two with all of them, then 2, 4, ... that share them.

    With all, one goes on where the other has to wait, for its own threads or for the next pack, and a single
    text takes as long as ever. What one thread does alone it does without waiting for others at all, so packs
    that are worked on side by side are done sooner still; a single text then takes longer.
    """
    shared = takewhile(lambda number: number <= threads, (2**power for power in count(1)))
    return chain([(2, threads)] if threads > 1 else [], ((number, threads // number) for number in shared))


def gain(
    whole: Session, instances: Sequence[Session], packs: Sequence[Tensors], outputs: tuple[str, ...]
) -> float:
    """How many times as much the instances get done in the same time.

    Both take turns, and the best of all rounds counts, as in `race`. The first round warms up.
    """
    plenty = [pack for pack in reversed(packs) for _ in instances]  # longest first, so all end together
    one = several = np.inf
    end = time.perf_counter() + ENOUGH_SECONDS
    for turn in range(ROUNDS + 1):
        if turn > 1 and time.perf_counter() > end:
            break
        alone, together = _seconds([whole], packs, outputs), _seconds(instances, plenty, outputs)
        if turn > 0:
            one, several = min(one, alone), min(several, together)
    return len(instances) * one / several


def _seconds(sessions: Sequence[Session], packs: Sequence[Tensors], outputs: tuple[str, ...]) -> float:
    """Until all packs are done, each by the first instance that is free."""
    waiting = iter(packs)

    def work(session: Session) -> None:
        for pack in waiting:
            session.run(pack, outputs)

    with ThreadPoolExecutor(len(sessions)) as pool:
        begun = time.perf_counter()
        for done in [pool.submit(work, session) for session in sessions]:
            done.result()
        return time.perf_counter() - begun
