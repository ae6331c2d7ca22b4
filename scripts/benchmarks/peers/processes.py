"""A peer's server while it runs: started, awaited, held still while others are measured, counted, ended."""

import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

START_SECONDS = 300.0

_EXCEPTION = re.compile(r"[\w.]*(Error|Exception)\b: ")
"""As the last line of a traceback begins."""

MEBIBYTE = 2**20


class StartFailedError(Exception):
    """A peer's server did not come up; the message is the end of its log."""


class ProcessTree:
    """Processes and all that they have started, but for one of them."""

    def __init__(self, *roots: psutil.Process, without: psutil.Process | None = None) -> None:
        self._roots = roots
        self._without = without

    def members(self) -> list[psutil.Process]:
        found = [each for root in self._roots for each in (root, *root.children(recursive=True))]
        return [each for each in found if each != self._without]

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
    command: Sequence[str], ready: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[ProcessTree]:
    """A server from its first good answer to `GET ready` until the block ends; it is held still meanwhile.

    Args:
        folder: its current folder, and that of its log.

    Raises:
        StartFailedError: it ended, or it did not answer in time.

    """
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=folder, env=environment, start_new_session=True
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
    if process.poll() is None:
        raise StartFailedError(f"it did not answer after {START_SECONDS:.0f} s")
    raise StartFailedError(last_error(log.read_text(errors="replace")))


def last_error(log: str) -> str:
    """The line that says best why a process ended: its last exception, or its last word."""
    lines = log.strip().splitlines()
    exceptions = [line for line in lines if _EXCEPTION.match(line)]
    return next(reversed(exceptions or lines), "it ended without a word")
