"""A process of ours that is started again when it dies."""

import asyncio
import ctypes
import os
import signal
import sys
from contextlib import suppress

import structlog

from trireme.settings import PREFIX, Settings, to_environment

log = structlog.get_logger(__name__)

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
"""Seconds before the first and, doubling, the last restarts in a row."""

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""

STEADY = 60.0
"""Seconds of life after which a process counts as sound and the delay starts over."""


class Child:
    """One `trireme` subcommand as a supervised child process."""

    def __init__(self, command: str, settings: Settings) -> None:
        """Prepare `trireme COMMAND` with these settings, whatever source they came from."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self.command = command
        self._environment = inherited | to_environment(settings)
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self) -> None:
        """Keep the process running until `stop`."""
        loop = asyncio.get_running_loop()
        delay = FIRST_DELAY
        while not self._stopping.is_set():
            started = loop.time()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "trireme", self.command, "--supervised", str(os.getpid())),
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C reaches the supervisor, which ends its children in order
            )
            status = await self._process.wait()
            if self._stopping.is_set():
                return
            delay = FIRST_DELAY if loop.time() - started > STEADY else min(delay * 2, LONGEST_DELAY)
            log.error("process died", process=self.command, status=status, restart_in_seconds=delay)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)

    async def stop(self, seconds: float) -> None:
        """Ask it to end and wait; after so many seconds end it."""
        self._stopping.set()
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), seconds)
        except TimeoutError:
            log.warning("process did not end by itself", process=self.command)
            self._process.kill()
            await self._process.wait()


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process with SIGTERM when the parent is gone, also by kill -9."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was gone before the line above
        sys.exit(f"process {parent} has ended")
