"""The system calls that a sandbox is refused: those that reach for the kernel, or for uncounted memory."""

import errno
import tempfile
from functools import cache

from model_repository.sandbox.errors import SandboxUnavailableError

REFUSED = (
    # namespaces and mounts
    "unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen",
    "fsconfig", "fsmount", "fspick", "mount_setattr", "name_to_handle_at", "open_by_handle_at",
    # other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp",
    # parts of the kernel with a history of holes
    "add_key", "request_key", "keyctl", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup",
    "io_uring_enter", "io_uring_register", "fanotify_init", "lookup_dcookie", "vmsplice",
    # the machine itself
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon",
    "swapoff", "quotactl", "quotactl_fd", "acct", "syslog", "settimeofday", "clock_settime", "clock_adjtime",
    "adjtimex",
    # memory that counts as no process's
    "memfd_create", "memfd_secret", "shmget", "msgget", "semget",
)  # fmt: skip

NAMESPACES = 0x7E020080
"""Flags of `clone` that make a namespace."""


@cache
def seccomp_program() -> bytes:
    """The filter as the kernel takes it; system calls of another architecture end the process.

    Raises:
        SandboxUnavailableError: libseccomp is not there.

    """
    try:
        import pyseccomp  # noqa: PLC0415  # looks for its shared library as it is imported
    except (ImportError, RuntimeError, OSError) as error:
        raise SandboxUnavailableError(
            f"libseccomp is missing: {error}", hint="apt-get install libseccomp2 && pip install pyseccomp"
        ) from error
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in REFUSED:
        try:
            rules.add_rule(refuse, name)
        except (OSError, ValueError, RuntimeError):  # older than the call, or no such call on this machine
            continue
    for bit in range(32):
        flag = 1 << bit
        if flag & NAMESPACES:
            rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    # Its flags lie in memory, where a filter cannot look; libraries then fall back to `clone`.
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
