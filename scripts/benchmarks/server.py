"""A whole Trireme of its own for a benchmark, started as a user would."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from control_plane.catalogue import CatalogueModel


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        triton: gRPC address of its Triton.
        triton_http: HTTP address of the same.

    """

    host: str
    port: int
    key: str
    data: Path
    process: psutil.Process

    @property
    def triton(self) -> str:
        return str(self.part("gateway").environ()["TRIREME_TRITON_URLS"])

    @property
    def triton_http(self) -> str:
        return str(self.part("gateway").environ()["TRIREME_TRITON_HTTP_URLS"])

    def part(self, command: str) -> psutil.Process:
        """The process of a `trireme` subcommand."""
        return next(each for each in self.process.children() if command in each.cmdline())

    def memory(self) -> dict[str, float]:
        """Peak resident memory of each process in MiB; the engine processes of Triton count together."""
        peaks = {"supervisor": _peak(self.process)}
        for child in self.process.children():
            name = "tritonserver" if "tritonserver" in child.name() else child.cmdline()[3]
            peaks[name] = peaks.get(name, 0.0) + _peak(child)
            if name == "tritonserver":
                peaks["engines in Triton"] = sum(map(_peak, child.children(recursive=True)))
        return peaks


@contextmanager
def serving(data: Path, *settings: str) -> Iterator[Server]:
    """`trireme serve` without built-in models, ended with the block.

    Args:
        settings: that differ from the defaults, as `name=value`.

    """
    options = [word for setting in settings for word in ("--set", setting)]
    command = [sys.executable, "-m", "trireme", "serve", "--port", "0", "--catalogue", "none"]
    process = subprocess.Popen(
        [*command, "--data", str(data), *options],
        stdout=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("TRIREME_")},
    )
    try:
        assert process.stdout
        for line in process.stdout:
            if found := re.match(r"ready http://(.+):(\d+)", line):
                break
        else:
            raise SystemExit("the server did not come up")
        key = (data / "root.key").read_text().strip()
        yield Server(found[1], int(found[2]), key, data, psutil.Process(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def add(server: Server, model: CatalogueModel) -> None:
    """Build a model of a catalogue and put it into service, if it is not."""
    if any((server.data / "repository").glob(f"global.{model.name}.*")):
        return
    tasks = [word for task in model.tasks for word in ("--task", task)]
    command = [sys.executable, "-m", "trireme", "models", "add", model.source, "--name", model.name, *tasks]
    digest = ["--sha256", model.sha256] if model.sha256 else []
    subprocess.run([*command, *digest, "--data", str(server.data)], check=True)


def first_answer(server: Server, path: str, body: dict[str, object]) -> None:
    """Wait until the gateway answers a request with success."""
    with httpx.Client(base_url=f"http://{server.host}:{server.port}", trust_env=False, timeout=60) as client:
        while not client.post(path, json=body, headers={"x-api-key": server.key}).is_success:
            time.sleep(0.05)


def _peak(process: psutil.Process) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def processor_seconds(process: psutil.Process) -> float:
    """What a process has spent so far, without its children."""
    times = process.cpu_times()
    return float(times.user + times.system)
