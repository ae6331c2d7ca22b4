"""The sandbox of a site that does not run as root: the same code is stopped in a user namespace."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import hostile
import pytest

pytestmark = pytest.mark.integration

NOBODY = 65534

SCRIPT = """
import sys
from pathlib import Path
from model_repository.sandbox.box import model_box
from model_repository.sandbox.model import SandboxedModel
from model_repository.settings import SandboxLimits

limits = SandboxLimits(memory_bytes=2**29, processes=16, scratch_bytes=2**22, call_seconds=10)
model = SandboxedModel(model_box("inference.py", Path(sys.argv[1]), None, limits), sys.stderr.buffer.write)
print(model.call("custom", b"{}").decode())
print(model.call("custom", b'{"act": "forks"}').decode())
model.close()
"""


def run_as_nobody(*arguments: str) -> str:
    """Output of a Python of this version that nobody may run, with the packages of this one."""
    python = shutil.which(
        f"python{sys.version_info.major}.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin"
    )
    if os.getuid() != 0 or python is None:
        pytest.skip("needs root, and a Python of this version that is not root's own")
    done = subprocess.run(
        [python, *arguments],
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PATH": "/usr/bin:/bin"},
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def test_nothing_is_reached_without_root_either() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "inference.py").write_text(hostile.MODULE)
        targets = {
            "tcp": 1, "udp": 1, "triton": 1, "abstract": "x", "unix": f"{name}/s", "data": name,
            "secret": name,
        }  # fmt: skip
        (folder / "targets.json").write_text(json.dumps(targets))
        everything, forks = map(json.loads, run_as_nobody("-c", SCRIPT, name).splitlines())
    reached = {name: what["got"] for name, what in everything.items() if isinstance(what, dict)}
    # The first process inside has the same user here; it has no environment, and its root is the sandbox's.
    assert reached.pop("environment_of_init") == ""
    assert "inference.py" not in reached.pop("host")
    assert not reached
    assert everything["user"] == [NOBODY] * 3
    assert everything["capabilities"] == "0" * 16
    assert forks[0] < 16
    assert forks[1] == "EAGAIN"
