"""A whole run: task by task, each with its own model, peers and loads."""

import subprocess
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop
from rich.console import Console

from scripts.benchmarks.peers import measuring
from scripts.benchmarks.peers.environments import NotInstallableError
from scripts.benchmarks.peers.measuring import Figures
from scripts.benchmarks.peers.processes import StartFailedError
from scripts.benchmarks.peers.session import WrongAnswersError, session
from scripts.benchmarks.peers.workloads import WORKLOADS, Workload
from scripts.benchmarks.server import Server, add, first_answer

TASKS = [each.name for each in WORKLOADS]


@dataclass(frozen=True)
class Result:
    """Of one task.

    Attributes:
        missing: what was not measured, with the reason of each.

    """

    workload: Workload
    figures: list[Figures]
    missing: dict[str, str]


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        turns: of each way under each load.
        seconds: of a turn.

    """

    workloads: Sequence[Workload]
    turns: int
    seconds: float


def chosen(tasks: Collection[str], lengths: Collection[str], peers: Collection[str]) -> list[Workload]:
    """The workloads, less what nobody wants.

    Args:
        peers: words, one of which a peer's name has to hold; empty for all.

    """
    return [
        replace(
            each,
            loads={length: loads for length, loads in each.loads.items() if length in lengths},
            peers=tuple(peer for peer in each.peers if not peers or any(word in peer.name for word in peers)),
        )
        for each in WORKLOADS
        if each.name in tasks
    ]


def run(server: Server, folder: Path, plan: Plan, console: Console) -> Iterator[Result]:
    """Results, task by task.

    Args:
        server: without the models; they are added.
        folder: for weights and logs.

    """
    for workload in plan.workloads:
        try:
            yield _measure(server, folder, workload, plan, console)
        except (NotInstallableError, StartFailedError, WrongAnswersError) as error:
            console.print(f"{workload.name} is left out: {error}")
            yield Result(workload, [], {"all": str(error)})


def _measure(server: Server, folder: Path, workload: Workload, plan: Plan, console: Console) -> Result:
    model = workload.weights(folder)
    try:
        add(server, model)
    except subprocess.CalledProcessError as error:
        raise StartFailedError("its model was not built; the build's own lines say why") from error
    door = workload.door(model.name)
    first_answer(server, door.path, door.body(["first"]))
    weights = folder / model.name
    with session(server, workload, model.name, weights, console) as found:
        measured = measuring.measure(
            workload.name,
            found.ways,
            workload.loads,
            turns=plan.turns,
            seconds=plan.seconds,
            console=console,
        )
        figures, failed = uvloop.run(measured)  # the load must cost less than what it measures
    return Result(workload, figures, found.missing | failed)
