"""What a stage's process gives up before it reads a model: all files but those of its build and the system's.

Configurations, tokenizers and graphs name other files, and the libraries that read them follow such names.
With Landlock a process refuses itself the rest, which takes no rights, and whatever it starts inherits that.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import landlockpy
from landlockpy import AccessFS, AccessNet, Ruleset, Scope

LEAST_ABI = 2
"""Of Landlock: with the first one no file could be linked into another folder."""

READ = AccessFS.READ_FILE | AccessFS.READ_DIR | AccessFS.EXECUTE
DEVICE = AccessFS.READ_FILE | AccessFS.WRITE_FILE | AccessFS.IOCTL_DEV
ALL = ~AccessFS.NONE

SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/sys",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime",
    "/etc/nsswitch.conf", "/etc/os-release", "/etc/passwd", "/etc/OpenCL", "/etc/nvidia", "/etc/vulkan",
    "/proc/self", "/proc/sys", "/proc/driver", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
    "/proc/loadavg", "/proc/uptime", "/proc/version", "/proc/filesystems", "/proc/devices", "/proc/modules",
)  # fmt: skip
"""Programs, libraries, and what those look up; nothing of other processes, whose environment is secret."""

DEVICES = ("null", "zero", "full", "random", "urandom", "nvidia*", "dri/*")


def can_confine() -> bool:
    """Whether this kernel can."""
    return landlockpy.abi_version() >= LEAST_ABI


def confine(writable: Iterable[Path]) -> None:
    """Refuse this process, and all that it starts from now on, every other file, and all TCP.

    Files that are open already stay open. Call it before the first thread is started.

    Args:
        writable: folders in which it may do anything.

    Raises:
        OSError: the kernel refuses.

    """
    with Ruleset(handled_net=AccessNet.BIND_TCP | AccessNet.CONNECT_TCP, scoped=Scope.SIGNAL) as rules:
        for path in _readable():
            rules.allow_path(path, READ if path.is_dir() else AccessFS.READ_FILE | AccessFS.EXECUTE)
        for pattern in DEVICES:
            for path in Path("/dev").glob(pattern):
                rules.allow_path(path, DEVICE)
        for path in writable:
            rules.allow_path(path, ALL)
        rules.restrict()


def _readable() -> Iterator[Path]:
    """What exists of the system, of Python, and of the packages of this project that a stage runs."""
    ours = (Path(__file__).parent, Path(__file__).parent.parent / "model_repository")
    places = (*SYSTEM, sys.prefix, sys.base_prefix, *sys.path)
    return (path for path in (*map(Path, places), *ours) if path.exists())
