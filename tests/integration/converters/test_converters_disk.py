"""A disk that fills up during a build: a cause, a hint, no half result, and room to write that down."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

BUILD = """
import sys
from pathlib import Path
from converters.build import run_build
from converters.spec import BuildSpec, ConversionError
spec = BuildSpec(build_id="1", owner="global", name="full", version=1, source=f"file:{sys.argv[2]}")
try:
    run_build(spec, Path(sys.argv[1]), lambda event: None, lambda: False)
except ConversionError as error:
    Path(sys.argv[1], "record").write_bytes(bytes(30_000))
    print(error.message, "|", error.hint, "|", list(Path(sys.argv[1]).glob("results/*.json")))
"""


def test_a_full_disk_ends_the_build_with_a_cause(tmp_path: Path, model_folder: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = ["unshare", "--map-root-user", "--mount", "sh", "-ec"]
    mount = 'mount -t tmpfs -o size=100k none "$0"'
    if subprocess.run([*mounted, mount, disk], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")

    told = subprocess.run(
        [*mounted, f'{mount}; exec "$@"', disk, sys.executable, "-c", BUILD, str(disk), str(model_folder)],
        capture_output=True,
        text=True,
        check=True,
    )

    cause, hint, results = told.stdout.splitlines()[-1].split(" | ")
    assert "disk is full" in cause or "No space left" in cause
    assert hint
    assert results == "[]"
