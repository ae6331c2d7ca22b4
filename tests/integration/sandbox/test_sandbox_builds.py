"""Builds of authors' own code: what they need is installed, and what cannot work says why."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import custom_builds
import pytest
from package_index import Index, serve_index

from converters.build import run_build
from converters.spec import BuildSpec, ConversionError, Stage
from converters.workspace import Workspace
from model_repository import layout
from model_repository.custom import ENVIRONMENT_FOLDER, read_reply
from model_repository.manifest import Engine, Precision, Task, decode
from model_repository.probe import read_probe
from model_repository.settings import PackageSettings

pytestmark = pytest.mark.integration

EMPTY = """
def load_model(path):
    return None

def call_model(model, params, task=None):
    return {body}
"""


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    with serve_index() as served:
        yield served


def build(tmp_path: Path, **files: object) -> Path:
    source = custom_builds.write_model(tmp_path / "source", **files)
    return custom_builds.build(source, tmp_path / "builds" / "1")


def result(entry: Path) -> bytes:
    return bytes(read_reply(read_probe((entry / layout.PROBE).read_bytes()).expected).result)


def test_an_entry_says_what_it_is(tmp_path: Path) -> None:
    entry = build(tmp_path, module=EMPTY.format(body="[task]"), tasks=("qa", "image-text-vectorisation"))
    manifest = decode((entry / layout.MANIFEST).read_bytes())
    assert manifest.tasks == (Task.QUESTION_ANSWERING, Task.IMAGE_TEXT_EMBEDDING)
    assert (manifest.engine.engine, manifest.engine.precision) == (Engine.CUSTOM, Precision.NATIVE)
    assert manifest.parity is None
    assert manifest.source.architecture == "inference.py"
    assert result(entry) == b'["qa"]'


def test_a_whole_build_reports_its_stages(tmp_path: Path) -> None:
    source = custom_builds.write_model(tmp_path / "source", script="model = lambda params, task: 1")
    custom_builds.build(source, tmp_path / "builds" / "1")
    workspace = Workspace(tmp_path / "builds" / "1")
    workspace.forget((Stage.EXPORT,))
    events = []
    spec = BuildSpec(**custom_builds.spec_of(source))
    (entry,) = run_build(spec, workspace.root, events.append, lambda: False)
    assert result(entry) == b"1"
    log = workspace.log(Stage.EXPORT).read_text()
    assert "model.bin imports dill._dill._create_function: suspicious" in log
    assert any("trying the task custom" in event.message for event in events)


def test_each_task_is_tried_with_the_authors_own_sample(tmp_path: Path) -> None:
    module = EMPTY.format(body='params["pair"]')
    entry = build(tmp_path, module=module, samples={"custom": {"pair": [1, 2]}})
    assert result(entry) == b"[1, 2]"


def test_dangerous_pickles_are_reported_and_only_harm_themselves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = """
import os
class Harm:
    def __reduce__(self):
        return (os.system, ("touch /tmp/harmed /model/harmed; id -u >&2",))
model = Harm()
"""
    with pytest.raises(ConversionError, match="object of the type int, which cannot be called"):
        build(tmp_path, script=script)
    assert "model.bin imports posix.system: dangerous" in caplog.text
    assert not list(tmp_path.rglob("harmed"))
    assert not Path("/tmp/harmed").exists()


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            {"script": "model = 5"},
            "model.bin cannot be loaded: TypeError: model.bin holds an object of the type int",
        ),
        ({"module": "def load_model(path): pass"}, "TypeError: inference.py has no function call_model"),
        ({"module": "def load_model(:"}, "inference.py cannot be loaded: SyntaxError"),
        ({"module": "import nowhere"}, "ModuleNotFoundError: No module named 'nowhere'"),
        ({"module": EMPTY.format(body="{1, 2}")}, "the task custom fails: TypeError: Object of type set"),
        ({"module": EMPTY.format(body="float('inf')")}, "the task custom fails: ValueError: Out of range"),
        ({"module": EMPTY.format(body="params['x']")}, "the task custom fails: KeyError: 'x'"),
        (
            {"module": EMPTY.format(body="1 / (task != 'emotion')"), "tasks": ("qa", "emotion")},
            "the task emotion fails: ZeroDivisionError",
        ),
        (
            {"module": EMPTY.format(body="1"), "samples": {"custom": 3}},
            "config.json has details.samples.custom that is not an object",
        ),
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, files: dict[str, object], told: str) -> None:
    with pytest.raises(ConversionError) as caught:
        build(tmp_path, **files)
    assert told in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04\x95", b"not a pickle"])
def test_what_cannot_be_scanned_is_refused(tmp_path: Path, content: bytes) -> None:
    source = custom_builds.write_model(tmp_path / "source")
    (source / "model.bin").write_bytes(content)
    with pytest.raises(ConversionError, match=r"model\.bin (is empty|is no pickle|cannot be loaded)"):
        custom_builds.build(source, tmp_path / "builds" / "1")


def build_with(tmp_path: Path, index: Index, requirements: str, number: str = "1") -> Path:
    module = "import lampshade\n" + EMPTY.format(body="[lampshade.COLOUR, lampshade.__file__]")
    source = custom_builds.write_model(tmp_path / f"source{number}", module=module, requirements=requirements)
    packages = PackageSettings(index_url=index.url, install_seconds=120)
    return custom_builds.build(source, tmp_path / "builds" / number, packages=packages)


def test_requirements_are_installed_once_into_the_models_own_environment(
    tmp_path: Path, index: Index
) -> None:
    entry = build_with(tmp_path, index, "# shades\nlampshade >= 1.0  # green\n")
    assert result(entry) == b'["green", "/environment/lampshade.py"]'
    assert (entry / "1" / ENVIRONMENT_FOLDER / "lampshade.py").is_file()
    asked = len(index.requests)
    again = build_with(tmp_path, index, "lampshade>=1.0", number="2")
    assert result(again) == result(entry)
    assert len(index.requests) == asked


@pytest.mark.parametrize(
    ("requirements", "told"),
    [
        (
            "evil==1.0",
            "cannot be installed: Could not find a version that satisfies the requirement evil==1.0",
        ),
        ("nowhere", "cannot be installed: Could not find a version that satisfies the requirement nowhere"),
        ("--index-url http://elsewhere/", "has the option '--index-url http://elsewhere/'"),
        ("-r /etc/passwd", "has the option '-r /etc/passwd'"),
        ("lampshade @ file:///root/lampshade.whl", "names an address"),
        ("git+https://elsewhere/lampshade", "which is no requirement"),
        ("./lampshade.whl", "which is no requirement"),
    ],
)
def test_requirements_that_are_more_than_wheels_of_the_index_are_refused(
    tmp_path: Path, index: Index, requirements: str, told: str
) -> None:
    with pytest.raises(ConversionError) as caught:
        build_with(tmp_path, index, requirements)
    assert told in caught.value.message
    assert not list((tmp_path / "builds").glob("environments/*/"))


def test_where_there_can_be_no_sandbox_code_is_refused() -> None:
    """In a process that may make no namespaces, as under a container's default rules."""
    script = """
import ctypes
from model_repository.sandbox.check import check_sandbox, require_sandbox
from model_repository.sandbox.errors import SandboxUnavailableError
from model_repository.sandbox.inside.launch import install_filter
from model_repository.sandbox.seccomp import seccomp_program

ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
install_filter(seccomp_program())
finding = check_sandbox()
print(finding.level, finding.detail, "|", finding.remedy)
try:
    require_sandbox()
except SandboxUnavailableError as error:
    print("refused")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    first, second = done.stdout.splitlines()
    assert first.startswith("optional no sandbox: bwrap: ")
    assert "CAP_SYS_ADMIN" in first
    assert second == "refused"
