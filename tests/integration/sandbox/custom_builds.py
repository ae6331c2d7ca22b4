"""Builds entries from folders of an author's files, without the upload in front."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from converters.results import Fetched, Packaged
from converters.spec import BuildSpec, Stage
from converters.stage import execute
from converters.workspace import Workspace
from model_repository.settings import SandboxLimits

LIMITS = SandboxLimits(
    memory_bytes=400 * 2**20, processes=32, scratch_bytes=2**24, load_seconds=60, call_seconds=3
)


def write_model(
    folder: Path,
    *,
    tasks: tuple[str, ...] = ("custom",),
    requirements: str = "",
    module: str = "",
    script: str = "",
    **details: object,
) -> Path:
    """An author's files: `inference.py` with this text, or `model.bin` with the `model` of this script."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"description": "made by a test", "tasks": list(tasks), "details": details}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "requirements.txt").write_text(requirements)
    if module:
        (folder / "inference.py").write_text(module)
    if script:
        pickle(script, folder / "model.bin")
    return folder


def pickle(script: str, path: Path) -> None:
    """Write the object `model` of a script as the vendor's client does, from a main module of its own."""
    dump = "import dill, sys\ndill.dump(model, open(sys.argv[1], 'wb'), recurse=True)"
    subprocess.run([sys.executable, "-I", "-c", f"{script}\n{dump}", path], check=True, timeout=60)


def spec_of(source: Path, **changes: object) -> dict[str, Any]:
    """Fields of the build of a folder."""
    fields: dict[str, object] = {
        "build_id": "1",
        "owner": "alice",
        "name": "model",
        "version": 1,
        "source": f"upload:{source.name}",
        "sandbox": LIMITS,
    }
    return fields | changes


def build(source: Path, workspace: Path, **changes: object) -> Path:
    """Folder of the finished entry; the stages run in this process, one after the other."""
    spec = BuildSpec(**spec_of(source, **changes))
    place = Workspace(workspace)
    place.prepare(spec)
    place.begin(Stage.FETCH)
    shutil.copytree(source, place.folder(Stage.FETCH), dirs_exist_ok=True)
    place.save(Stage.FETCH, Fetched(uri=spec.source, digest="sha256:0"), 0.0)
    for stage in tuple(Stage)[1:]:
        execute(stage, place, lambda _percent, _message: None)
    (entry,) = place.result(Stage.PACKAGE, Packaged).entries
    return place.folder(Stage.PACKAGE) / entry
