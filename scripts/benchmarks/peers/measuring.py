"""All ways under all loads, in turns, so that whatever else the machine does slows all of them alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from rich.console import Console

from scripts.benchmarks import load as closed_loop
from scripts.benchmarks.load import Sample
from scripts.benchmarks.peers.loads import Load, pool
from scripts.benchmarks.peers.ways import Way

WARM_UP = 0.5
"""Of a turn's seconds; the first turn is not counted."""


@dataclass
class Taken:
    """What a way did under one load.

    Attributes:
        speeds: texts a second, by turn.
        cpu: seconds of its processes for each text, by turn.
        memory: MiB of its processes, by turn.
        failure: why it is not measured any further.

    """

    way: str
    task: str
    load: Load
    length: str
    samples: list[Sample] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    failure: str = ""


@dataclass(frozen=True)
class Figures:
    """A way under one load: medians over the turns, times in milliseconds.

    Attributes:
        cpu_per_thousand: seconds for a thousand texts.
        memory: MiB, the most of all turns.
        speeds: texts a second, by turn, to compare turn by turn with other ways.
        medians: of the latencies, the same way.

    """

    way: str
    task: str
    load: str
    length: str
    texts_per_second: float
    p50: float
    p99: float
    cpu_per_thousand: float
    memory: float
    speeds: list[float]
    medians: list[float]


async def measure(
    task: str,
    ways: Sequence[Way],
    loads: Mapping[str, Sequence[Load]],
    *,
    turns: int,
    seconds: float,
    console: Console,
) -> tuple[list[Figures], dict[str, str]]:
    """Figures, and the ways that failed with the reason of each.

    Args:
        loads: by the length of the texts.
        seconds: of a turn; requests that are under way then are waited for.

    """
    figures: list[Figures] = []
    failed: dict[str, str] = {}
    for length, chosen in loads.items():
        texts = pool(length)
        for load in chosen:
            suited = [way for way in ways if way.fewest <= load.callers]
            taken = [Taken(way.name, task, load, length) for way in suited]
            for turn in range(turns + 1):
                for way, one in zip(suited, taken, strict=True):
                    if way.name not in failed:
                        await _turn(way, one, texts, seconds if turn else WARM_UP * seconds, counted=turn > 0)
                        if one.failure:
                            failed[way.name] = one.failure
            done = [_figures(one) for one in taken if len(one.speeds) == turns]
            figures += done
            for one in done:
                speed = f"{one.texts_per_second:.1f} texts/s, p50 {one.p50:.2f} ms"
                console.print(f"{task}, {length}, {load.name}, {one.way}: {speed}")
    return figures, failed


async def _turn(way: Way, taken: Taken, texts: list[str], seconds: float, *, counted: bool) -> None:
    with way.running():
        async with way.callers(taken.load, texts) as callers:
            before = way.tree.cpu_seconds()
            try:
                sample = await closed_loop.run(callers.calls, closed_loop.during(seconds))
            except (OSError, EOFError, RuntimeError) as error:
                taken.failure = f"{type(error).__name__}: {error}"
                return
            spent = way.tree.cpu_seconds() - before
        if counted:
            texts_done = len(sample.latencies) * callers.texts
            taken.samples.append(sample)
            taken.speeds.append(texts_done / sample.seconds)
            taken.cpu.append(spent / texts_done)
            taken.memory.append(way.tree.memory())


def _figures(taken: Taken) -> Figures:
    merged = closed_loop.merge(taken.samples)
    return Figures(
        way=taken.way,
        task=taken.task,
        load=taken.load.name,
        length=taken.length,
        texts_per_second=median(taken.speeds),
        p50=1e3 * merged.percentile(50),
        p99=1e3 * merged.percentile(99),
        cpu_per_thousand=1e3 * median(taken.cpu),
        memory=max(taken.memory),
        speeds=taken.speeds,
        medians=[1e3 * each.percentile(50) for each in taken.samples],
    )
