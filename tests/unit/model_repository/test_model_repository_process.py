"""Tethered processes end with us, and take along what they have started."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from model_repository.logfile import LogFile
from model_repository.process import TetheredProcess

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def gone(pid: int) -> bool:
    """Wait, up to ten seconds, until a process that may not be our child is dead."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.01)
    return False


def wait_for_lines(path: Path, count: int) -> list[str]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= count:
            return lines
        time.sleep(0.01)
    raise AssertionError(f"{path} has fewer than {count} lines")


async def test_exit_status_and_output(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = TetheredProcess(
        ["/bin/sh", "-c", "echo out; echo err >&2; exit 7"], environment=ENVIRONMENT, log=log
    )
    assert await process.wait() == 7
    assert not process.running
    assert log.read_text() == "out\nerr\n"
    await process.stop(1)  # of a process that has ended: nothing


async def test_stop_lets_a_process_finish(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "trap 'echo finished; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    process = TetheredProcess(["/bin/sh", "-c", script], environment=ENVIRONMENT, log=log)
    wait_for_lines(log, 1)
    await process.stop(10)
    assert await process.wait() == 0
    assert log.read_text() == "up\nfinished\n"


async def test_stop_kills_what_does_not_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 0.05; done"
    process = TetheredProcess(["/bin/sh", "-c", script], environment=ENVIRONMENT, log=log)
    grandchild = int(wait_for_lines(log, 1)[0])
    await process.stop(0.1)
    assert await process.wait() == -signal.SIGKILL
    assert gone(grandchild)


async def test_what_a_dead_process_has_started_is_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = TetheredProcess(["/bin/sh", "-c", "sleep 1000 & echo $!"], environment=ENVIRONMENT, log=log)
    assert await process.wait() == 0
    assert gone(int(log.read_text()))


async def test_it_lives_on_when_the_thread_that_started_it_ends(tmp_path: Path) -> None:
    processes: list[TetheredProcess] = []

    def start() -> None:
        command = ["/bin/sleep", "1000"]
        processes.append(TetheredProcess(command, environment=ENVIRONMENT, log=tmp_path / "log"))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    waiting = asyncio.create_task(processes[0].wait())
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    assert not done
    assert processes[0].running
    await processes[0].stop(5)
    assert await waiting == -signal.SIGTERM


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    script = f"""
import time
from pathlib import Path
from model_repository.process import TetheredProcess
process = TetheredProcess(["/bin/sleep", "1000"], environment={{}}, log=Path({str(tmp_path / "log")!r}))
print(process.pid, flush=True)
time.sleep(1000)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.kill()
    assert gone(child)


def test_a_program_that_cannot_be_logged_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        TetheredProcess(["/bin/true"], environment=ENVIRONMENT, log=tmp_path / "no" / "log")


def test_log_file_is_kept_small_while_it_is_written(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.log", limit=100)
    log.rotate()
    assert log.last_line() == ""
    with log.path.open("ab", buffering=0) as writer:
        writer.write(b"first\n" * 20)
        log.rotate()
        assert log.path.stat().st_size == 0
        writer.write(b"second\n\n")
    assert (tmp_path / "x.log.1").read_bytes() == b"first\n" * 20
    assert log.path.read_bytes() == b"second\n\n"
    assert log.last_line() == "second"
