"""Puts together what the embedded Triton runs from: its backends, their libraries, and its environment."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from model_repository import backends
from model_repository.environment import Distribution, library_path, python_library
from model_repository.manifest import Engine

STUB_MODE = 0o755
PACKAGE = Path(backends.__path__[0]).parent


def assemble_backends(runtime: Path, distribution: Distribution) -> Path:
    """Folder of backends for `--backend-directory`, made anew.

    Triton's Python backend with the stub of this Python version, and for each engine the module that takes
    the place of the vendor's native backend, with a link to this very package: the stub imports from its
    backend's folder and the installed packages, whatever PYTHONPATH says.
    """
    folder = runtime / "backends"
    shutil.rmtree(folder, ignore_errors=True)
    python = folder / "python"
    shutil.copytree(distribution.python_backend, python, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(distribution.stub, stub := python / distribution.stub.name)
    stub.chmod(STUB_MODE)
    for engine in Engine:
        (folder / engine).mkdir()
        shutil.copyfile(Path(backends.__path__[0], engine, "model.py"), folder / engine / "model.py")
        (folder / engine / PACKAGE.name).symlink_to(PACKAGE)
    return folder


def assemble_libraries(runtime: Path) -> Path:
    """Folder with nothing but the shared library of the running Python, where it brings its own."""
    folder = runtime / "libraries"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if library := python_library():
        (folder / library.name).symlink_to(library)
    return folder


def child_environment(
    distribution: Distribution, libraries: Path, inherited: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Environment of the server: ours without our settings and keys, as models must not see secrets."""
    environment = {key: value for key, value in inherited.items() if not key.startswith(("TRIREME_", "AWS_"))}
    environment["LD_LIBRARY_PATH"] = library_path(distribution, libraries)
    environment["VIRTUAL_ENV"] = sys.prefix  # the stub runs the python3 on PATH and finds our packages by it
    environment["PATH"] = os.pathsep.join((str(Path(sys.prefix, "bin")), inherited.get("PATH", os.defpath)))
    return environment
