"""Ends and starts: by Ctrl-C, by kill -9; the state is there again and nothing is converted twice."""

import signal
from pathlib import Path

import psutil
import pytest
from harness import serving, trireme

pytestmark = pytest.mark.integration


def test_ctrl_c_ends_everything_and_a_second_start_converts_nothing(data: Path) -> None:
    with serving(data) as first:
        builds = build_lines(data)
        before = first.embed("state survives").json()["vector"]
        family = first.family()
        assert len(family) >= 5  # supervisor, worker, gateway, tritonserver, an engine
        first.process.send_signal(signal.SIGINT)
        assert not psutil.wait_procs(family, timeout=60)[1]
    with serving(data) as second:
        assert build_lines(data) == builds
        assert second.embed("state survives").json()["vector"] == before


def build_lines(data: Path) -> list[str]:
    """Header of the newest build: its number and version change with another one."""
    return trireme("models", "logs", "all-minilm-l6-v2", data=data).stdout.splitlines()[:1]


def test_killed_supervisor_leaves_nothing_running_and_the_next_start_finds_all(data: Path) -> None:
    with serving(data) as first:
        family = first.family()
        first.process.send_signal(signal.SIGKILL)
        assert not psutil.wait_procs(family, timeout=60)[1]
    with serving(data) as second:
        assert second.embed("all found").is_success
