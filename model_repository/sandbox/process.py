"""A running sandbox as its host sees it: lines in, lines out, ended when it takes too much or too long."""

import itertools
import os
import select
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from time import monotonic

from model_repository.memory import resident_bytes
from model_repository.sandbox.box import Box
from model_repository.sandbox.errors import SandboxEndedError, SandboxUnavailableError

POLL_SECONDS = 0.1
"""How often its memory is measured while it is to answer."""

IDLE_POLLS = 20
"""So many times less often otherwise, because the measure reads all of `/proc`."""

PRINT_SECONDS = 10.0
"""How long what was printed last may take; only processes that the kernel cannot end hold it up."""

CHUNK = 1 << 16

Output = Callable[[bytes], None]
"""Takes what the code prints, as it comes; called from a thread of its own."""


class SandboxProcess:
    """The processes of one sandbox. None of them outlives this process, however it ends.

    The kernel ends a child with the thread that forked it. So a thread does nothing else but fork it, measure
    it and wait for it.
    """

    def __init__(self, box: Box, output: Output) -> None:
        """Start it.

        Raises:
            SandboxUnavailableError: a part of the sandbox is missing.

        """
        self._box = box
        self._excess = ""
        self._busy = threading.Event()
        self._exited: Future[int] = Future()
        started: Future[subprocess.Popen[bytes]] = Future()
        threading.Thread(
            target=self._live, args=(box.command(), started), name="sandbox", daemon=True
        ).start()
        self._process = started.result()
        self._printing = threading.Thread(target=self._print, args=(output,), name="sandbox-out", daemon=True)
        self._printing.start()

    @property
    def pid(self) -> int:
        """Process id of the outermost process; when it ends, the kernel ends all others."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._exited.done()

    def exchange(self, line: bytes | None, seconds: float) -> bytes:
        """Send a line, if there is one, and wait for the next one from inside; without the newline.

        A sandbox that does not answer is ended.

        Raises:
            SandboxEndedError: it did not answer in time or at too great length, or has ended; says why.

        """
        deadline = monotonic() + seconds
        self._busy.set()
        try:
            if line is not None:
                self._expect_silence()
                self._write(line + b"\n", deadline)
            return self._read(deadline)
        except TimeoutError:
            self.kill()
            raise SandboxEndedError(f"it took longer than {seconds:g} s") from None
        except (EOFError, BrokenPipeError):
            self.kill()
            raise SandboxEndedError(self._excess or f"it ended with {self._ending()}") from None
        finally:
            self._busy.clear()

    def wait(self, seconds: float) -> int:
        """Exit status; a sandbox that takes longer is ended.

        Raises:
            SandboxEndedError: it took too long, or too much; says what.

        """
        self._busy.set()
        try:
            status = self._exited.result(seconds)
        except TimeoutError:
            self.kill()
            raise SandboxEndedError(f"it took longer than {seconds:g} s") from None
        self._close()
        if self._excess:
            raise SandboxEndedError(self._excess)
        return status

    def kill(self) -> None:
        """End it; returns when all of its processes are gone."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._exited.result()
        self._close()

    def _close(self) -> None:
        self._printing.join(PRINT_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _live(self, command: list[str], started: "Future[subprocess.Popen[bytes]]") -> None:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env={},
                start_new_session=True,  # Ctrl-C is the host's to handle
            )
        except OSError as error:
            started.set_exception(SandboxUnavailableError(f"bubblewrap does not start: {error.strerror}"))
            return
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        started.set_result(process)
        self._watch(process)
        self._exited.set_result(process.wait())

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Measure until it ends; end it when it takes too much."""
        limit = self._box.limits.memory_bytes
        ended = os.pidfd_open(process.pid)
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        polls = itertools.count()
        while not poll.poll(1000 * POLL_SECONDS):
            due = self._busy.is_set() or next(polls) % IDLE_POLLS == 0
            if due and resident_bytes(process.pid) > limit:
                self._excess = f"it used more memory than its limit of {limit / 2**30:.2g} GiB"
                process.kill()
        os.close(ended)

    def _print(self, output: Output) -> None:
        pipe = self._process.stderr
        assert pipe is not None
        with pipe:
            while chunk := pipe.read(CHUNK):
                output(chunk)

    def _expect_silence(self) -> None:
        """What comes unasked could be taken for the answer to the next call."""
        pipe = self._process.stdout
        assert pipe is not None
        poll = select.poll()
        poll.register(pipe.fileno(), select.POLLIN)
        if poll.poll(0):
            self._excess = self._excess or "it said something without being asked"
            raise EOFError

    def _write(self, data: bytes, deadline: float) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        view = memoryview(data)
        while view:
            _await(select.POLLOUT, pipe.fileno(), deadline)
            with suppress(BlockingIOError):
                view = view[os.write(pipe.fileno(), view[:CHUNK]) :]

    def _read(self, deadline: float) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None
        chunks: list[bytes] = []
        room = self._box.limits.reply_bytes
        while not (chunks and chunks[-1].endswith(b"\n")):
            _await(select.POLLIN, pipe.fileno(), deadline)
            with suppress(BlockingIOError):
                chunk = os.read(pipe.fileno(), CHUNK)
                if not chunk:
                    raise EOFError
                room -= len(chunk)
                if room < 0:
                    self._excess = f"it answered with more than {self._box.limits.reply_bytes} bytes"
                    raise EOFError
                chunks.append(chunk)
        return b"".join(chunks)[:-1]

    def _ending(self) -> str:
        status = self._exited.result()
        return f"signal {-status}" if status < 0 else f"status {status}"


def _await(event: int, descriptor: int, deadline: float) -> None:
    """Wait until a pipe can be read from or written to.

    Raises:
        TimeoutError: not before the deadline.

    """
    poll = select.poll()
    poll.register(descriptor, event)
    remaining = deadline - monotonic()
    if remaining <= 0 or not poll.poll(remaining * 1000):
        raise TimeoutError
