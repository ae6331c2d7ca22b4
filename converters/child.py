"""Runs one stage in a process of its own: watched for time, memory and cancellation, never left behind."""

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from converters.causes import files_may_fail
from converters.log_tail import LogTail
from converters.messages import Advanced, Failed, Progress, Receiver
from converters.spec import BuildCancelledError, BuildSpec, Cancelled, ConversionError, Stage
from converters.workspace import Workspace
from model_repository.memory import resident_bytes

SECRET = ("TRIREME_", "AWS_")
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
"""What names of environment variables begin with that a stage gets none of."""

POLL_SECONDS = 0.2
GRACE_SECONDS = 2.0
"""Time between SIGTERM and SIGKILL: enough for a temporary file to be removed."""


def reproduce_command(stage: Stage, root: Path) -> str:
    """Shell command that runs a stage again by itself, on the results of the stages before it."""
    return shlex.join([sys.executable, "-m", "converters.stage", stage, str(root)])


def run_stage(
    spec: BuildSpec,
    stage: Stage,
    workspace: Workspace,
    *,
    progress: Progress,
    output: Callable[[str], None],
    cancelled: Cancelled,
) -> None:
    """Run a stage to its end; afterwards no process of it is left.

    Two pipes join the processes. Messages come through the first. Nothing goes through the second: the child
    asks the kernel to kill its whole process group when the write end closes, which is when this process
    ends, however it ends. (PR_SET_PDEATHSIG would kill the child when the thread that started it ends.)

    Args:
        output: takes what the stage writes to its log, while it does.

    Raises:
        ConversionError: the stage failed, was killed, or went past a limit.
        BuildCancelledError: `cancelled` said so.

    """
    inbox, outbox = os.pipe()
    lifeline, held = os.pipe()
    try:
        with files_may_fail():
            process = _start(spec, stage, workspace, outbox, lifeline)
    except BaseException:
        os.close(inbox)
        os.close(held)
        raise
    finally:
        os.close(outbox)
        os.close(lifeline)
    tail = LogTail(workspace.log(stage))

    def stopped() -> bool:
        if text := tail.read():
            output(text)
        return cancelled()

    try:
        failure = _watch(spec, stage, process, inbox, progress=progress, cancelled=stopped)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
    finally:
        _end(process)
        shutil.rmtree(workspace.scratch, ignore_errors=True)  # who was killed has not removed it
        if text := tail.finish():
            output(text)
        os.close(inbox)
        os.close(held)
    if failure is not None:
        raise ConversionError(failure.message, hint=failure.hint)
    if workspace.finished(stage) is None:
        raise _death(stage, process.returncode)


def _start(
    spec: BuildSpec, stage: Stage, workspace: Workspace, outbox: int, lifeline: int
) -> subprocess.Popen[bytes]:
    # -P: the current folder may hold files of a model, and must not be a place to import from.
    command = [sys.executable, "-P", "-m", "converters.stage", stage, str(workspace.root)]
    command += ["--messages", str(outbox), "--lifeline", str(lifeline)]
    with workspace.log(stage).open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(outbox, lifeline),
            start_new_session=True,
            env=environment(spec, stage),
        )


def environment(spec: BuildSpec, stage: Stage) -> dict[str, str]:
    """Ours without what is secret; only the hub's token is needed, for fetching."""
    secret = SECRET if stage is Stage.FETCH else (*SECRET, *TOKENS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(secret)}
    return kept | {"OMP_NUM_THREADS": str(spec.threads), "TOKENIZERS_PARALLELISM": "false"}


def _watch(
    spec: BuildSpec,
    stage: Stage,
    process: subprocess.Popen[bytes],
    inbox: int,
    *,
    progress: Progress,
    cancelled: Cancelled,
) -> Failed | None:
    """Pass the stage's progress on until it ends or must end.

    Returns:
        the failure that the stage reported, or None; a stage that was killed reports none.

    Raises:
        BuildCancelledError: somebody wants it to end.
        ConversionError: it takes longer, or more memory, than the build allows.

    """
    deadline = time.monotonic() + spec.stage_seconds
    receiver = Receiver()
    failure: Failed | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(inbox, selectors.EVENT_READ)
        while True:
            if selector.select(POLL_SECONDS):
                chunk = os.read(inbox, 65536)
                if not chunk:
                    break
                for message in receiver.feed(chunk):
                    if isinstance(message, Advanced):
                        progress(message.percent, message.message)
                    else:
                        failure = message
            elif process.poll() is not None:
                break
            if cancelled():
                raise BuildCancelledError("the build was cancelled")
            if time.monotonic() > deadline:
                raise ConversionError(
                    f"the stage {stage} took longer than {spec.stage_seconds:g} s",
                    hint="Raise the time limit of a stage, or convert on a faster machine.",
                )
            if resident_bytes(process.pid) > spec.memory_bytes:
                raise ConversionError(
                    f"the stage {stage} used more memory than the limit of {_gibibytes(spec.memory_bytes)}",
                    hint="Raise the memory limit of builds, or use a smaller model.",
                )
    return failure


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started; the group bears the process's id."""
    with suppress(ProcessLookupError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _death(stage: Stage, code: int) -> ConversionError:
    if code == -signal.SIGKILL:
        return ConversionError(
            f"the process of the stage {stage} was killed",
            hint="Most often the machine ran out of memory: free some, or run fewer builds at a time.",
        )
    if code < 0:
        return ConversionError(
            f"the process of the stage {stage} died of {signal.Signals(-code).name}",
            hint="A native library crashed; the log of the stage may say more.",
        )
    return ConversionError(
        f"the process of the stage {stage} ended with status {code} and no result",
        hint="See the log of the stage.",
    )


def _gibibytes(size: int) -> str:
    return f"{size / 2**30:.2g} GiB"
