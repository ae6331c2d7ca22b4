"""`launch.py OPTIONS PROGRAM [ARGUMENT]...`: gives up all rights and becomes the program.

OPTIONS is JSON: `limits`, by the names of the module `resource`, and `filter`, the program of a seccomp
filter in base64.
"""

import base64
import ctypes
import json
import os
import resource
import sys
from pathlib import Path

NOBODY = 65534

CLONE_NEWUSER = 0x10000000
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
INSTRUCTION_BYTES = 8

_libc = ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    """The kernel's `struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def main() -> None:
    """Give up rights, in the order in which each step is still allowed, and become the program."""
    options = json.loads(sys.argv[1])
    os.umask(0o022)  # installed packages are read by another user, whatever the host's mask is
    if os.getuid() == 0:
        become_nobody()
    for name, value in options["limits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    install_filter(base64.b64decode(options["filter"]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606  # no shell is wanted


def become_nobody() -> None:
    """Become nobody for good, in a user namespace of its own.

    The namespace is there for the limit on processes, which the kernel counts by user and namespace: without
    it, all sandboxes of a host would share one count.
    """
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    _check(_libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))  # else the files written below belong to root
    _check(_libc.unshare(CLONE_NEWUSER))
    Path("/proc/self/setgroups").write_text("deny")
    for kind in ("uid_map", "gid_map"):
        Path("/proc/self", kind).write_text(f"{NOBODY} {NOBODY} 1")


def install_filter(program: bytes) -> None:
    """Have the kernel refuse system calls from now on, here and in everything that this process starts."""
    wanted = _Filter(len(program) // INSTRUCTION_BYTES, program)
    _check(_libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(wanted), 0, 0))


def _check(status: int) -> None:
    if status:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main()
