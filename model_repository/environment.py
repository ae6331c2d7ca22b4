"""What the embedded Triton needs of this machine: where its files are, and what is missing."""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # where Triton and its stubs meet
SHARED_MEMORY_BYTES = 64 * 2**20

REINSTALL = "pip install --force-reinstall 'trireme[embedded]'"


class Level(StrEnum):
    """How bad a finding is: what is optional hinders nothing that works without it."""

    OK = "ok"
    OPTIONAL = "optional"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        remedy: what to do about it, or an empty string.

    """

    subject: str
    level: Level
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Distribution:
    """The files of the wheel `nvidia-pytriton` that are used.

    Attributes:
        server: the program.
        python_backend: folder of Triton's Python backend.
        stub: program that runs a Python model, made for this Python version.
        libraries: shared libraries that all of them load.

    """

    server: Path
    python_backend: Path
    stub: Path
    libraries: Path

    @classmethod
    def find(cls) -> "Distribution | None":
        """The installed wheel, or None."""
        spec = find_spec("pytriton")
        if spec is None or spec.origin is None:
            return None
        package = Path(spec.origin).parent
        files = package / "tritonserver"
        return cls(
            server=files / "bin" / "tritonserver",
            python_backend=files / "backends" / "python",
            stub=files / "python_backend_stubs" / PYTHON / "triton_python_backend_stub",
            libraries=package.parent / "nvidia_pytriton.libs",
        )


def python_library() -> Path | None:
    """Shared library of the running Python where it has one; otherwise the system's is used."""
    name, folder = (sysconfig.get_config_var(key) for key in ("INSTSONAME", "LIBDIR"))
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        return None
    path = Path(folder, name)
    return path if path.is_file() else None


def library_path(distribution: Distribution, *more: Path) -> str:
    """Value of LD_LIBRARY_PATH with which the server and its stubs start."""
    return os.pathsep.join(str(folder) for folder in (distribution.libraries, *more))


def check_environment() -> list[Finding]:
    """Everything that the embedded server needs, found or not."""
    return list(_findings())


def _findings() -> Iterator[Finding]:
    distribution = Distribution.find()
    if distribution is None or not distribution.server.is_file():
        detail = f"no tritonserver for {platform.system()} {platform.machine()}"
        yield Finding("triton", Level.PROBLEM, detail, "pip install 'trireme[embedded]'")
        return
    yield Finding("triton", Level.OK, f"nvidia-pytriton {version('nvidia-pytriton')}")
    yield _stub(distribution)
    yield _numpy()
    yield _shared_memory()


def _stub(distribution: Distribution) -> Finding:
    """Start the stub: without arguments it says so and ends, when the loader finds all of its libraries."""
    if not distribution.stub.is_file():
        detail = f"Triton has no stub for Python {PYTHON}"
        return Finding("python", Level.PROBLEM, detail, "Use Python 3.11, 3.12 or 3.13.")
    library = python_library()
    folders = (library.parent,) if library else ()
    tried = subprocess.run(
        [distribution.stub],
        env={"LD_LIBRARY_PATH": library_path(distribution, *folders)},
        capture_output=True,
        text=True,
        check=False,
    )
    _, failed, missing = tried.stderr.strip().partition("error while loading shared libraries: ")
    if failed:
        remedy = f"apt-get install libpython{PYTHON}" if "libpython" in missing else REINSTALL
        return Finding("python", Level.PROBLEM, missing, remedy)
    return Finding("python", Level.OK, f"Python {platform.python_version()} with its shared library")


def _numpy() -> Finding:
    try:
        found = version("numpy")
    except PackageNotFoundError:
        return Finding("numpy", Level.PROBLEM, "not installed", "pip install 'numpy<2'")
    if int(found.partition(".")[0]) >= 2:
        detail = f"numpy {found}: Triton's Python backend would answer with empty tensors"
        return Finding("numpy", Level.PROBLEM, detail, "pip install 'numpy<2'")
    return Finding("numpy", Level.OK, f"numpy {found}")


def _shared_memory() -> Finding:
    free = shutil.disk_usage(SHARED_MEMORY).free
    detail = f"{free / 2**20:.0f} MiB of shared memory free"
    if free < SHARED_MEMORY_BYTES:
        return Finding("shared memory", Level.PROBLEM, detail, "Give the container more: --shm-size=1g")
    return Finding("shared memory", Level.OK, detail)
