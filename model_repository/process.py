"""A child process that ends with its parent, however that ends, together with all that it started."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from model_repository import tether


class TetheredProcess:
    """A running program in a session of its own; its output is appended to a file.

    The kernel ties a child's life to the thread that forked it, not to the process. So each child gets a
    thread that forks it, waits for it, and ends after it.
    """

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
        """Start the program.

        Args:
            command: absolute path and arguments.
            environment: all of it; nothing is inherited.

        Raises:
            OSError: it cannot be started.

        """
        self._exited: Future[int] = Future()
        self._exited.set_running_or_notify_cancel()  # who gives up waiting does not cancel it for others
        started: Future[subprocess.Popen[bytes]] = Future()
        threading.Thread(
            target=self._live, args=(command, environment, log, started), name="tether", daemon=True
        ).start()
        self._process = started.result()

    @property
    def pid(self) -> int:
        """Process id, also of the process group."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._exited.done()

    async def wait(self) -> int:
        """Exit status once it has ended; negative for the number of a signal."""
        return await asyncio.wrap_future(self._exited)

    async def stop(self, seconds: float) -> None:
        """Ask it to end; after this time, kill it with everything that it has started."""
        if self.running:
            self._process.terminate()
        try:
            await asyncio.wait_for(self.wait(), seconds)
        except TimeoutError:
            self.kill()
            await self.wait()

    def kill(self) -> None:
        """Kill it with everything that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _live(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        started: "Future[subprocess.Popen[bytes]]",
    ) -> None:
        try:
            with log.open("ab") as output:
                process = subprocess.Popen(
                    [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *command],
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C is ours to handle
                )
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        status = process.wait()
        with suppress(ProcessLookupError):  # what it started, should it have died without ending that
            os.killpg(process.pid, signal.SIGKILL)
        self._exited.set_result(status)
