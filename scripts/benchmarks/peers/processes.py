"""A peer's server while it runs: started, awaited, held still while others are measured, counted, ended."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

START_SECONDS = 180.0
MEBIBYTE = 2**20


class StartFailedError(Exception):
    """A peer's server did not come up; the message is the end of its log."""


class ProcessTree:
    """A process and all that it has started."""

    def __init__(self, process: psutil.Process) -> None:
        self._root = process

    def members(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Processor time of all that are running."""
        return sum(sum(each.cpu_times()[:2]) for each in self.members())

    def memory(self) -> float:
        """MiB; pages that several share count once."""
        return sum(each.memory_full_info().pss for each in self.members()) / MEBIBYTE

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let a tree that is held still run during the block."""
        self.send(signal.SIGCONT)
        try:
            yield
        finally:
            self.send(signal.SIGSTOP)

    def send(self, number: signal.Signals) -> None:
        for each in self.members():
            with suppress(psutil.NoSuchProcess):
                each.send_signal(number)


@contextmanager
def serving(
    command: Sequence[str], ready: str, log: Path, environment: Mapping[str, str]
) -> Iterator[ProcessTree]:
    """A server from its first good answer to `GET ready` until the block ends; it is held still meanwhile.

    Raises:
        StartFailedError: it ended, or it did not answer in time.

    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **environment}, start_new_session=True
        )
    tree = ProcessTree(psutil.Process(process.pid))
    try:
        _wait(process, ready, log)
        tree.send(signal.SIGSTOP)
        yield tree
    finally:
        for each in tree.members() if process.poll() is None else ():
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", ready: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False, timeout=5) as client:
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if client.get(ready).is_success:
                    return
            time.sleep(0.2)
    lines = log.read_text(errors="replace").strip().splitlines()
    errors = [line for line in lines if "Error" in line]
    raise StartFailedError(next(reversed(errors or lines), "it ended without a word"))
