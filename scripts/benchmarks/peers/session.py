"""One task in one run: the gateway, every peer that can be installed, and the callers of Triton."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from converters.causes import first_line
from scripts.benchmarks.peers.direct import Entry, LeanWay, NaiveWay, SortedWay
from scripts.benchmarks.peers.environments import NotInstallableError, installed
from scripts.benchmarks.peers.gateways import sharing
from scripts.benchmarks.peers.loads import pool
from scripts.benchmarks.peers.peer import PROGRAMS, Peer
from scripts.benchmarks.peers.processes import ProcessTree, StartFailedError, free_port, last_error, serving
from scripts.benchmarks.peers.ways import HttpWay, Way
from scripts.benchmarks.peers.workloads import ST_ONNX, Workload
from scripts.benchmarks.server import Server

GATEWAY = "Trireme"
GATEWAYS = 2
WORKERS = f"{GATEWAY}, {GATEWAYS} workers"
HOST = "127.0.0.1"

COMPARED = 8
"""Texts whose answers are compared with the original's before anything is measured."""

PREPARE_SECONDS = 600


class WrongAnswersError(Exception):
    """A server's answers are not the original's."""


@dataclass(frozen=True)
class Session:
    """What can be measured.

    Attributes:
        missing: peers that cannot be, with the reason of each.

    """

    ways: list[Way]
    missing: dict[str, str]


@contextmanager
def session(
    server: Server, workload: Workload, model: str, weights: Path, console: Console
) -> Iterator[Session]:
    """All ways to do the task with the model, as long as the block.

    Args:
        server: that the model is in service on already.
        weights: folder of the same model; logs and exports go beside it.

    Raises:
        NotInstallableError: not even the original library can be installed, so nothing can be compared.
        StartFailedError: the original library gives no answers.
        WrongAnswersError: the gateway's own answers are not the original's.

    """
    texts = pool("mixed")[:COMPARED]
    check = _Check(workload, texts, _original(workload, weights, texts))
    gateway = HttpWay(
        name=GATEWAY,
        tree=ProcessTree(server.process),
        host=server.host,
        port=server.port,
        door=workload.door(model),
        key=server.key,
        held=False,
    )
    check(gateway)
    ways: list[Way] = [gateway]
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        if workload.direct:
            shared = stack.enter_context(sharing(server, GATEWAYS, weights.parent))
            several = ProcessTree(server.process, *shared.processes, without=server.part("gateway"))
            ways.append(replace(gateway, name=WORKERS, tree=several, port=shared.port, fewest=GATEWAYS))
            entry = Entry(server, model)
            ways += [kind(server, gateway.tree, entry) for kind in (NaiveWay, LeanWay)]
            ways += [SortedWay(server, gateway.tree, entry, ready=ready) for ready in (False, True)]
        for peer in workload.peers:
            console.print(f"starting {peer.name}")
            try:
                way = stack.enter_context(_way(peer, weights))
                check(way)
                ways.append(way)
            except (NotInstallableError, StartFailedError, WrongAnswersError) as error:
                console.print(f"{peer.name} is left out: {error}")
                missing[peer.name] = str(error)
        yield Session(ways, missing)


class _Check:
    """Compares what a server answers with what the original library does."""

    def __init__(self, workload: Workload, texts: list[str], expected: Sequence[Any]) -> None:
        self._workload = workload
        self._texts = texts
        self._expected = expected

    def __call__(self, way: HttpWay) -> None:
        try:
            found = way.answers(self._texts)
            agrees = self._workload.agree(self._expected, found)
        except (httpx.HTTPError, LookupError, TypeError, ValueError) as error:
            raise WrongAnswersError(f"its answer cannot be read: {first_line(str(error))}") from error
        if not agrees:
            raise WrongAnswersError("its answers are not those of the original")


def _original(workload: Workload, weights: Path, texts: list[str]) -> list[Any]:
    """What the original library answers, run by itself."""
    python = installed(ST_ONNX) / "bin" / "python"
    try:
        done = subprocess.run(
            [python, PROGRAMS / "original.py", workload.name, weights],
            input=json.dumps(texts),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=PREPARE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise StartFailedError(f"the original library gave no answer in {PREPARE_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        raise StartFailedError(f"the original library ended with status {error.returncode}") from error
    answers: list[Any] = json.loads(done.stdout)
    return answers


@contextmanager
def _way(peer: Peer, weights: Path) -> Iterator[HttpWay]:
    port = free_port()
    scratch = weights.parent / f"{weights.name}-{port}"
    scratch.mkdir()
    values = {
        "bin": installed(peer.requirements) / "bin",
        "programs": PROGRAMS,
        "model": weights,
        "scratch": scratch,
        "port": port,
    }
    environment = os.environ | {name: value.format_map(values) for name, value in peer.environment.items()}
    if peer.prepare:
        _prepare(_filled(peer.prepare, values), scratch, environment)
    url = f"http://{HOST}:{port}{peer.ready}"
    with serving(_filled(peer.command, values), url, scratch, environment) as tree:
        yield HttpWay(peer.name, tree, HOST, port, peer.door)


def _filled(command: Sequence[str], values: Mapping[str, object]) -> list[str]:
    return [part.format_map(values) for part in command]


def _prepare(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PREPARE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise StartFailedError(f"its weights were not prepared after {PREPARE_SECONDS} s") from None
    if done.returncode != 0:
        raise StartFailedError(last_error(done.stderr))
