"""What runs on a dask worker: one conversion, with its events sent back and its end asked for from afar."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import gethostname

import msgspec
from distributed import Worker, get_worker
from distributed.utils import sync

from converters.build import run_build
from converters.spec import BuildCancelledError, BuildSpec, Cancelled, ConversionError, StageEvent

POLL_SECONDS = 0.5
"""How often a job asks the scheduler whether it should end."""

MARK = "job"
"""File in a workspace that names the job which it was prepared for."""


class JobResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended. A failure is a value: raised on a dask worker it would be logged there as a crash.

    Attributes:
        entries: folders of the finished entries, none after a failure.
        error: one-line cause of the failure, or None.
        cancelled: the job was told to end, or found itself without a scheduler.

    """

    entries: tuple[str, ...] = ()
    error: str | None = None
    hint: str = ""
    cancelled: bool = False


def run_job(spec: BuildSpec, workspace: str, key: str) -> JobResult:
    """Convert a model on this dask worker.

    Args:
        key: names the topic of the events and the scheduler's event that ends the job.

    """
    if not _is_marked(Path(workspace), key):
        return JobResult(
            error=f"the host {gethostname()} does not see the folder of builds",
            hint="Job workers and the workers that submit must share the data folder under the same path.",
        )
    worker = get_worker()

    def report(event: StageEvent) -> None:
        worker.log_event(key, {"event": msgspec.to_builtins(event)})

    stop = _Stop(worker, key)
    try:
        with _alone_in(Path(workspace), stop):
            entries = run_build(spec, Path(workspace), report, stop)
    except BuildCancelledError as error:
        return JobResult(error=error.message, cancelled=True)
    except ConversionError as error:
        return JobResult(error=error.message, hint=error.hint)
    return JobResult(entries=tuple(map(str, entries)))


def mark(workspace: Path, key: str) -> None:
    """Leave a sign for the job worker, which may run on another host, that both see the same folder."""
    workspace.mkdir(parents=True, exist_ok=True)
    (workspace / MARK).write_text(key)


def _is_marked(workspace: Path, key: str) -> bool:
    try:
        return (workspace / MARK).read_text() == key
    except OSError:
        return False


@contextmanager
def _alone_in(workspace: Path, stop: Cancelled) -> Iterator[None]:
    """Wait until an earlier job of the same build, given up too early, has left its folder."""
    with (workspace / "lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if stop():
                    raise BuildCancelledError("cancelled") from None
                time.sleep(POLL_SECONDS)
            else:
                break
        yield


class _Stop:
    """Asks the scheduler whether the job should end; a job that has lost its scheduler should."""

    def __init__(self, worker: Worker, key: str) -> None:
        self._worker = worker
        self._key = key
        self._asked = time.monotonic()
        self._answer = False

    def __call__(self) -> bool:
        if not self._answer and time.monotonic() - self._asked > POLL_SECONDS:
            self._asked = time.monotonic()
            try:
                self._answer = sync(self._worker.loop, self._ask, callback_timeout=30)
            except (OSError, TimeoutError):
                self._answer = True
        return self._answer

    async def _ask(self) -> bool:
        answer: bool = await self._worker.scheduler.event_is_set(name=self._key)
        return answer
