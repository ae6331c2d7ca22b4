"""Processes that gave up their rights, and a host where none can."""

import sys
from pathlib import Path

FILTERED = 2
"""How the kernel calls a process with a filter of system calls."""

REFUSING = """#!{python}
import errno, os, sys
import pyseccomp

PR_SET_SECCOMP = 22
rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
rules.add_rule(pyseccomp.ERRNO(errno.EINVAL), "seccomp")
rules.add_rule(pyseccomp.ERRNO(errno.EINVAL), "prctl", pyseccomp.Arg(0, pyseccomp.EQ, PR_SET_SECCOMP))
rules.load()
os.execv({python!r}, [{python!r}, *sys.argv[1:]])
"""


def seccomp_mode(pid: int) -> int:
    """What the kernel says of a process's system calls."""
    lines = Path("/proc", str(pid), "status").read_text().splitlines()
    (mode,) = (line.split()[1] for line in lines if line.startswith("Seccomp:"))
    return int(mode)


def unfiltered_python(folder: Path) -> Path:
    """A Python on a kernel that answers as one that was built without filters of system calls."""
    program = folder / "python"
    program.write_text(REFUSING.format(python=sys.executable))
    program.chmod(0o755)
    return program
