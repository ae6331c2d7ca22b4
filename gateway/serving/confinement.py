"""What a process gives up before it looks at what strangers wrote: everything but its pipes and its memory.

`python -m gateway.serving.confinement` tries it: status 0 where this host can confine processes; otherwise
status `UNCONFINED` and the reason.
"""

import errno
import mmap
import os
import resource
import sys

ALLOWED = (
    "read", "write", "close",
    "munmap", "mremap", "madvise", "brk",
    "futex", "sched_yield", "nanosleep", "clock_nanosleep", "clock_gettime", "gettimeofday", "time", "alarm",
    "getrandom", "getpid", "gettid",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
    "exit", "exit_group",
)  # fmt: skip
"""System calls that reading and writing pipes, computing, looking at the clock and ending take.

Nothing is opened, nobody is spoken to or killed, and nothing is started: neither a program nor a thread.
"""

MAPPING = ("mmap", "mprotect")
"""System calls for memory, allowed where that cannot be run as code; their third argument says so."""

UNCONFINED = 78
"""Exit status of a process that could not give up its rights, and so has looked at nothing."""

ONE_MEBIBYTE = 2**20


def confine(memory_bytes: int) -> None:
    """Limit this process's memory and refuse it all other system calls, in all of its threads.

    It leaves nothing behind: no files, no cores. A refused call fails with EPERM; one of another architecture
    ends the process. Where the host cannot do that the process ends with `UNCONFINED`.

    Args:
        memory_bytes: addresses that it may use.

    """
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    try:
        _refuse_calls()
    except (ImportError, RuntimeError, OSError) as error:
        os.write(2, f"{error}\n".encode())
        sys.exit(UNCONFINED)


def _refuse_calls() -> None:
    """Load the filter.

    Raises:
        ImportError, RuntimeError: libseccomp is missing.
        OSError: the kernel takes no filter.

    """
    import pyseccomp  # noqa: PLC0415  # looks for its shared library as it is imported

    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    rules.set_attr(pyseccomp.Attr.CTL_TSYNC, 1)
    for name in ALLOWED:
        rules.add_rule(pyseccomp.ALLOW, name)
    for name in MAPPING:
        rules.add_rule(pyseccomp.ALLOW, name, pyseccomp.Arg(2, pyseccomp.MASKED_EQ, mmap.PROT_EXEC, 0))
    rules.load()


if __name__ == "__main__":
    confine(256 * ONE_MEBIBYTE)
