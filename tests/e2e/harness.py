"""A whole Trireme, started as a user starts it, with the starter catalogue's real model."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).parents[2]
CATALOGUE = Path(__file__).with_name("catalogue.toml")


@dataclass
class Server:
    """A running `trireme serve`."""

    data: Path
    process: psutil.Process
    address: str
    output: list[str]
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(
            base_url=self.address, headers={"x-api-key": self.key}, timeout=60, trust_env=False
        )

    @property
    def key(self) -> str:
        return (self.data / "root.key").read_text().strip()

    def embed(self, text: str | list[str]) -> httpx.Response:
        return self.client.post("/text-vectorisation", json={"text": text})

    def part(self, name: str) -> psutil.Process:
        """Process of `trireme NAME`, or of Triton for `tritonserver`."""
        return next(each for each in self.process.children() if name in each.name() or name in each.cmdline())

    def family(self) -> list[psutil.Process]:
        """The supervisor and all that descends from it."""
        return [self.process, *self.process.children(recursive=True)]


def trireme(*arguments: str, data: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a `trireme` command to its end."""
    command = [sys.executable, "-m", "trireme", *arguments, "--data", str(data)]
    return subprocess.run(
        command, capture_output=True, text=True, check=check, env=environment(), timeout=280
    )


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIREME_")}
    return kept | {"COLUMNS": "160", "NO_COLOR": "1"}


@contextmanager
def serving(data: Path, *options: str) -> Iterator[Server]:
    """`trireme serve` on a free port, from its ready line to its end by SIGTERM."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "trireme", "serve", "--port", "0", "--data", str(data)),
            *("--catalogue", str(CATALOGUE), *options),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
        cwd=data.parent,
    )
    assert process.stdout
    output: list[str] = []
    address = None
    for line in process.stdout:
        output.append(line.rstrip())
        if found := re.fullmatch(r"ready (http://\S+)\n", line):
            address = found[1]
            break
    if address is None:
        process.stdout.close()
        process.wait()
        raise AssertionError("\n".join(output))
    output.append(process.stdout.readline().rstrip())
    rest = threading.Thread(target=lambda: output.extend(process.stdout), daemon=True)  # type: ignore[arg-type]
    rest.start()
    server = Server(data, psutil.Process(process.pid), address, output)
    try:
        yield server
    finally:
        server.client.close()
        process.send_signal(signal.SIGTERM)
        process.wait(90)
        rest.join()
        process.stdout.close()


def newest_build(data: Path) -> tuple[str, str]:
    """Status and stage of the newest build, as the database has them."""
    with closing(sqlite3.connect(f"file:{data / 'trireme.db'}?mode=ro", uri=True)) as database:
        row = database.execute("SELECT status, stage FROM build ORDER BY id DESC LIMIT 1").fetchone()
    return row[0], row[1]


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a state that only polling can see, because it is another process's."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
