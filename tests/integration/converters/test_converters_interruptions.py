"""Builds that are killed, cancelled or run into a limit, each with real processes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil
import pytest

from converters.spec import BuildCancelledError, ConversionError, Stage, StageStatus
from converters.workspace import Workspace

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]  # whole builds, on a busy machine

RUNNER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import msgspec
from converters.build import run_build
from converters.spec import BuildSpec

def report(event):
    print(msgspec.json.encode(event).decode(), flush=True)

spec = msgspec.json.decode(sys.argv[1], type=BuildSpec)
with ThreadPoolExecutor(1) as pool:
    pool.submit(run_build, spec, Path(sys.argv[2]), report, lambda: False).result()
"""


def until(build, stage: Stage, message: str):
    """A `cancelled` that says yes once the stage has told this."""

    def cancelled() -> bool:
        return any(event.stage is stage and message in event.message for event in build.events)

    return cancelled


def test_a_build_killed_in_a_stage_leaves_no_process_and_goes_on_at_that_stage(
    make_build, model_folder: Path
) -> None:
    build = make_build(f"file:{model_folder}")
    command = [sys.executable, "-c", RUNNER, msgspec.json.encode(build.spec).decode(), str(build.workspace)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as runner:
        assert runner.stdout is not None
        for line in runner.stdout:
            if not line.startswith("{"):
                continue  # a log line
            event = json.loads(line)
            if event["stage"] == "export" and event["message"].startswith("exporting"):
                break
        children = psutil.Process(runner.pid).children(recursive=True)
        runner.kill()
    assert children
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    assert not (build.workspace / "results/export.json").exists()

    entry = build.run()
    assert build.kept() == [Stage.FETCH, Stage.INSPECT]
    assert (entry / "manifest.json").is_file()

    assert build.run() == entry
    assert build.kept() == list(Stage)


def stages_of(process: psutil.Process) -> list[psutil.Process]:
    """Processes of stages below a process; servers of other tests may be there too."""
    return [
        child
        for child in process.children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "converters.stage" in child.cmdline()
    ]


def test_a_cancelled_build_ends_its_process_and_can_go_on(make_build, model_folder: Path) -> None:
    build = make_build(f"file:{model_folder}")
    with pytest.raises(BuildCancelledError):
        build.run(until(build, Stage.EXPORT, "exporting"))
    assert not stages_of(psutil.Process())
    assert build.events[-1].status is StageStatus.FAILED
    assert (build.events[-1].stage, build.events[-1].message) == (Stage.EXPORT, "the build was cancelled")
    with pytest.raises(BuildCancelledError):
        build.run(until(build, Stage.EXPORT, "loading"))
    assert build.kept() == [Stage.FETCH, Stage.INSPECT]


def test_a_stage_above_the_memory_limit_is_ended(make_build, model_folder: Path) -> None:
    build = make_build(f"file:{model_folder}", memory_bytes=150 * 2**20)
    with pytest.raises(ConversionError, match=r"inspect used more memory than the limit of 0\.15 GiB"):
        build.run()
    assert not stages_of(psutil.Process())
    assert build.events[-1].hint


def test_a_stage_above_the_time_limit_is_ended(make_build, model_folder: Path) -> None:
    build = make_build(f"file:{model_folder}", stage_seconds=0.6)
    with pytest.raises(ConversionError, match=r"took longer than 0\.6 s"):
        build.run()
    assert not stages_of(psutil.Process())


def test_a_killed_stage_process_fails_the_build_with_a_cause(make_build, model_folder: Path) -> None:
    build = make_build(f"file:{model_folder}")

    def kill() -> bool:
        if until(build, Stage.INSPECT, "checking")():
            for child in stages_of(psutil.Process()):
                os.kill(child.pid, signal.SIGKILL)
        return False

    with pytest.raises(ConversionError, match="the process of the stage inspect was killed"):
        build.run(kill)
    assert not Workspace(build.workspace).scratch.exists()


def test_other_limits_keep_the_results_and_another_source_drops_them(make_build, model_folder: Path) -> None:
    build = make_build(f"file:{model_folder}")
    with pytest.raises(BuildCancelledError):
        build.run(until(build, Stage.INSPECT, "checking"))
    build.spec = msgspec.structs.replace(build.spec, stage_seconds=99)
    with pytest.raises(BuildCancelledError):
        build.run(until(build, Stage.INSPECT, "checking"))
    assert build.kept() == [Stage.FETCH]
    build.spec = msgspec.structs.replace(build.spec, source="file:/nowhere")
    with pytest.raises(ConversionError, match="does not exist"):
        build.run()
