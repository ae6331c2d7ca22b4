"""Several gateways that share an address beside a running server, as `trireme serve --workers` has them."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from gateway.observability.page import SHARED_COUNTS
from scripts.benchmarks.peers.processes import START_SECONDS, StartFailedError, free_port
from scripts.benchmarks.server import Server


@dataclass(frozen=True)
class Gateways:
    """On the server's own Triton and database."""

    port: int
    processes: list[psutil.Process]


@contextmanager
def sharing(server: Server, count: int, folder: Path) -> Iterator[Gateways]:
    """So many gateways, each of them listening, until the block ends.

    Args:
        folder: for their logs, and for what they count together.

    Raises:
        StartFailedError: one does not listen in time.

    """
    counts = folder / "counts"
    counts.mkdir()
    port = free_port()
    environment = server.part("gateway").environ() | {
        "TRIREME_GATEWAY_PORT": str(port),
        "TRIREME_GATEWAY_WORKERS": str(count),
        "TRIREME_LOG_FILE": str(folder / "gateways.log"),
        SHARED_COUNTS: str(counts),
    }
    started = [_start(environment) for _ in range(count)]
    try:
        found = Gateways(port, [psutil.Process(each.pid) for each in started])
        for each in found.processes:
            _wait(each, port)
        yield found
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.wait()


def _start(environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "trireme", "gateway"], env=dict(environment))


def _wait(process: psutil.Process, port: int) -> None:
    """Until it listens itself: an answer on the shared address might be another's."""
    deadline = time.monotonic() + START_SECONDS
    while process.is_running() and time.monotonic() < deadline:
        sockets = process.net_connections("tcp")
        if any(each.laddr.port == port and each.status == psutil.CONN_LISTEN for each in sockets):
            return
        time.sleep(0.1)
    raise StartFailedError("a gateway does not listen")
