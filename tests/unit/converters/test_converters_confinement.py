"""What a confined process may still do, tried in processes of their own: there is no way back."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import landlockpy
import pytest
from msgspec.structs import replace

from converters.child import environment
from converters.confinement import can_confine
from converters.spec import BuildSpec, PlanOptions, Stage
from converters.workspace import Workspace

pytestmark = pytest.mark.skipif(not can_confine(), reason="this kernel has no Landlock")

SPEC = BuildSpec(build_id="1", owner="global", name="model", version=1, source="file:x")

CONFINED = """
import os, socket, subprocess, sys
from pathlib import Path
from converters.confinement import confine
own, other = Path(sys.argv[1]), Path(sys.argv[2])
confine([own])
"""


def since(version: int) -> pytest.MarkDecorator:
    return pytest.mark.skipif(landlockpy.abi_version() < version, reason=f"Landlock {version} has this")


def tried(code: str, own: Path, other: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CONFINED + code, str(own), str(other)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own" / "deep").mkdir(parents=True)
    (tmp_path / "own" / "file").write_text("mine")
    return tmp_path / "own"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "root.key").write_text("secret")
    return tmp_path / "other"


@pytest.mark.parametrize(
    "code",
    [
        "(other / 'root.key').read_text()",
        "(own / '../other/root.key').read_text()",
        "list(other.iterdir())",
        "(own / 'link').symlink_to(other / 'root.key'); (own / 'link').read_text()",
        "os.link(other / 'root.key', own / 'stolen')",
        "os.rename(other / 'root.key', own / 'stolen')",
        pytest.param("os.truncate(other / 'root.key', 0)", marks=since(3)),
        "(other / 'new').write_text('x')",
        "(other / 'root.key').unlink()",
        "Path('/etc/shadow').read_text()",
        "Path('/tmp/new').write_text('x')",
        "Path('/dev/shm/new').write_text('x')",
        "Path(f'/proc/{os.getppid()}/environ').read_bytes()",
        pytest.param("os.kill(os.getppid(), 0)", marks=since(6)),
        "subprocess.run(['/bin/cat', other / 'root.key'], check=True)",
    ],
)
def test_what_is_not_its_own_is_closed(code: str, own: Path, other: Path) -> None:
    done = tried(code, own, other)
    assert done.returncode == 1
    refusals = ("PermissionError", "Invalid cross-device link", "CalledProcessError")
    assert any(refusal in done.stderr for refusal in refusals), done.stderr
    assert (other / "root.key").read_text() == "secret"
    assert [path.name for path in other.iterdir()] == ["root.key"]


@since(4)
def test_nobody_is_reached(own: Path, other: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = tried(f"socket.create_connection(('127.0.0.1', {server.getsockname()[1]}))", own, other)
    assert "PermissionError" in done.stderr


def test_the_build_itself_goes_on(own: Path, other: Path) -> None:
    code = """
os.link(own / "file", own / "deep" / "file")
os.rename(own / "deep" / "file", own / "moved")
(own / "made").write_text((own / "moved").read_text())
os.urandom(8), open("/dev/null", "w").write("x"), Path("/proc/self/status").read_text()
import json.tool, numpy, onnxruntime  # Python and its packages
subprocess.run([sys.executable, "-c", "print('started')"], check=True)
"""
    done = tried(code, own, other)
    assert (done.returncode, done.stdout) == (0, "started\n"), done.stderr
    assert (own / "made").read_text() == "mine"
    assert (own / "moved").stat().st_nlink == 2


STAGE = """
import sys
from pathlib import Path
from converters import stage
stage.execute = lambda *_: print(Path(sys.argv[1]).read_text())
sys.exit(stage.main([sys.argv[2], sys.argv[3]]))
"""


@pytest.mark.parametrize(
    ("stage", "config", "closed"),
    [
        (Stage.FETCH, {"architectures": ["BertModel"]}, False),
        (Stage.INSPECT, {"architectures": ["BertModel"]}, True),
        (Stage.INSPECT, {"tasks": ["emotion"]}, False),  # code, which gets a sandbox of its own
    ],
)
@pytest.mark.parametrize("targets", [(), ("sm90",)])
def test_only_who_fetches_or_sandboxes_sees_the_files_of_others(
    tmp_path: Path,
    other: Path,
    stage: Stage,
    config: dict[str, list[str]],
    closed: bool,
    targets: tuple[str, ...],
) -> None:
    workspace = Workspace(tmp_path / "build")
    # The folder of a site's plans is there once there are any.
    workspace.prepare(replace(SPEC, plans=PlanOptions(targets=targets, cache=str(tmp_path / "plans"))))
    source = workspace.folder(Stage.FETCH)
    source.mkdir(parents=True)
    (source / "config.json").write_text(json.dumps(config))
    done = subprocess.run(
        [sys.executable, "-c", STAGE, str(other / "root.key"), stage, str(workspace.root)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, "Permission denied" in done.stderr) == ((1, True) if closed else (0, False))
    assert ("secret" in done.stdout) is not closed
    assert not workspace.scratch.exists()


def test_a_stage_gets_no_secrets_by_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRIREME_DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "HF_HOME"):
        monkeypatch.setenv(name, "x")
    fetching, inspecting = (environment(SPEC, stage) for stage in (Stage.FETCH, Stage.INSPECT))
    assert fetching.keys() - inspecting.keys() == {"HF_TOKEN"}
    assert "HF_HOME" in inspecting
    assert not {"TRIREME_DATABASE_URL", "AWS_SECRET_ACCESS_KEY"} & fetching.keys()
