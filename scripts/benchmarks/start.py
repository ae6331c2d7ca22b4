"""From starting `trireme gateway` to its first answer: on the clock, and in processor time."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import psutil

PATH = "/health/live"
LIMIT_SECONDS = 120.0


@dataclass(frozen=True)
class Start:
    """One start.

    Attributes:
        seconds: on the clock.
        processor_seconds: of the gateway, by its system; on a busy machine the better measure.
        memory: resident MiB with the first answer.

    """

    seconds: float
    processor_seconds: float
    memory: float


def measure(data: Path, count: int) -> Iterator[Start]:
    """Starts one after another, the first of which makes the schema and counts as warm-up."""
    _start(data)
    for _ in range(count):
        yield _start(data)


def _start(data: Path) -> Start:
    port = _free_port()
    command = [sys.executable, "-m", "trireme", "gateway", "--data", str(data), "--port", str(port)]
    began = time.perf_counter()
    # No Triton: a gateway answers before it has looked for one.
    gateway = psutil.Popen([*command, "--set", "triton.urls=127.0.0.1:9"], stdout=subprocess.DEVNULL)
    try:
        while not _answers(port):
            if gateway.poll() is not None or time.perf_counter() - began > LIMIT_SECONDS:
                raise RuntimeError("the gateway does not start")
            time.sleep(0.005)
        seconds, times = time.perf_counter() - began, gateway.cpu_times()
        return Start(seconds, times.user + times.system, gateway.memory_info().rss / 2**20)
    finally:
        gateway.terminate()
        gateway.wait()


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=LIMIT_SECONDS)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status == 200
    except ConnectionRefusedError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
