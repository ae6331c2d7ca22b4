"""Ports that tests give to their servers: two tests never meet on one."""

import subprocess
import sys
from pathlib import Path

import ports

ASK = "import ports; print(*(ports.free_port() for _ in range(5)))"


def test_no_process_is_given_a_port_of_another() -> None:
    ours = {ports.free_port() for _ in range(5)}
    folder = Path(ports.__file__).parent
    asked = subprocess.run(
        [sys.executable, "-c", ASK], cwd=folder, capture_output=True, text=True, check=True
    )
    assert len(ours | set(map(int, asked.stdout.split()))) == 10
