"""What a process gives up before it opens a document of strangers: everything but pipes and memory."""

import errno
import resource

ALLOWED = (
    "read", "write", "close", "lseek", "fstat", "newfstatat", "statx", "poll", "ppoll",
    "mmap", "munmap", "mremap", "mprotect", "madvise", "brk",
    "futex", "sched_yield", "sched_getaffinity", "nanosleep", "clock_nanosleep",
    "clock_gettime", "gettimeofday", "time",
    "getrandom", "getpid", "gettid", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
    "tgkill", "exit", "exit_group", "restart_syscall",
)  # fmt: skip
"""System calls that reading pipes, drawing and ending take; no file is opened and nobody is spoken to."""


def bound(memory_bytes: int) -> None:
    """Limit memory, and leave nothing behind: no files, no cores, no processes."""
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def confine() -> bool:
    """Refuse this process all other system calls; false where libseccomp is missing."""
    try:
        import pyseccomp  # noqa: PLC0415  # looks for its shared library as it is imported
    except (ImportError, RuntimeError, OSError):
        return False
    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    for name in ALLOWED:
        try:
            rules.add_rule(pyseccomp.ALLOW, name)
        except (OSError, ValueError, RuntimeError):  # no such call on this machine
            continue
    rules.load()
    return True
