"""`python -m converters.stage STAGE WORKSPACE`: a stage's process, and the command to reproduce it."""

import argparse
import fcntl
import logging
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from converters.causes import explain
from converters.confinement import can_confine, confine
from converters.messages import Progress, Sender
from converters.results import Inspected, Result
from converters.spec import BuildSpec, Stage
from converters.workspace import Workspace
from model_repository.heads import CustomHead

StageFunction = Callable[[BuildSpec, Workspace, Path, Progress], Result]
"""`run` of a stage: reads the results of earlier stages, and writes only into its own folder."""


logger = logging.getLogger(__name__)

FAMILY_STAGES = (Stage.EXPORT, Stage.OPTIMISE, Stage.COMPILE, Stage.VERIFY)
"""Those that a family may bring itself; see `converters.families.family.Family.stages`."""


def execute(stage: Stage, workspace: Workspace, progress: Progress) -> None:
    """Run a stage in this process and save its result.

    Raises:
        ConversionError: the stage failed for a reason that it knows.

    """
    started = time.monotonic()
    run = _function(stage, workspace)
    workspace.begin(stage)
    result = run(workspace.spec(), workspace, workspace.folder(stage), progress)
    workspace.save(stage, result, time.monotonic() - started)


def _function(stage: Stage, workspace: Workspace) -> StageFunction:
    """The stage as the model's family does it; fetch, inspect and package are the same for all families."""
    # Only the stage that runs is imported: torch alone takes seconds, and fetching needs none of it.
    package = "converters.stages"
    if stage in FAMILY_STAGES:
        package = workspace.result(Stage.INSPECT, Inspected).stages
    run: StageFunction = import_module(f"{package}.{stage}").run
    return run


def die_with_parent(lifeline: int) -> None:
    """Have the kernel kill this process group as soon as the pipe's write end closes."""
    os.set_inheritable(lifeline, False)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:  # the parent ended before the kernel was asked
        os.killpg(0, signal.SIGKILL)


@contextmanager
def scratch(workspace: Workspace) -> Iterator[None]:
    """Have temporary files made inside of the workspace, and remove them afterwards."""
    folder = workspace.scratch
    shutil.rmtree(folder, ignore_errors=True)  # of a stage that was killed
    folder.mkdir(parents=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def give_up_files(stage: Stage, workspace: Workspace) -> None:
    """Refuse this process the files of others, unless it fetches the model.

    Code of a model's author runs in a sandbox of its own, which takes more than a confined process may do.
    """
    if stage is Stage.FETCH or _has_code(stage, workspace):
        return
    if not can_confine():
        logger.warning("this kernel has no Landlock: whatever this user may read, the stage may")
        return
    os.environ["HOME"] = str(workspace.scratch)  # libraries keep notes there, and give up where they cannot
    writable = [workspace.root]
    plans = workspace.spec().plans
    if plans.targets and plans.cache:
        writable.append(Path(plans.cache))
        writable[-1].mkdir(parents=True, exist_ok=True)
    confine(writable)


def _has_code(stage: Stage, workspace: Workspace) -> bool:
    if stage is not Stage.INSPECT:
        return any(
            isinstance(part.head, CustomHead) for part in workspace.result(Stage.INSPECT, Inspected).parts
        )
    from converters.inspection.recognition import Kind, recognise  # noqa: PLC0415  # only this stage needs it

    return recognise(workspace.folder(Stage.FETCH)) is Kind.CODE


def main(arguments: list[str] | None = None) -> int:
    """Run the stage that the command line names; 0 when its result is saved, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m converters.stage", description=__doc__)
    parser.add_argument("stage", type=Stage, choices=list(Stage))
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--messages", type=int, help="descriptor that takes the messages; without it, stderr")
    parser.add_argument("--lifeline", type=int, help="descriptor whose closing ends this process")
    options = parser.parse_args(arguments)
    if options.messages is not None:
        os.set_inheritable(options.messages, False)
    if options.lifeline is not None:
        die_with_parent(options.lifeline)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    warnings.simplefilter("default")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    sender = Sender(options.messages)
    workspace = Workspace(options.workspace.resolve())
    try:
        with scratch(workspace):
            give_up_files(options.stage, workspace)
            execute(options.stage, workspace, sender.progress)
    except BaseException as error:  # noqa: BLE001 - the boundary of the process: Rust's panics end here too
        # Sent first: when the disk is full, the log takes nothing more.
        sender.send(explain(error))
        with suppress(OSError):
            traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    # Some native libraries crash or hang while an interpreter is torn down; the result is already saved.
    os._exit(status)
