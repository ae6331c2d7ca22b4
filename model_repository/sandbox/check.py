"""Finds out by trying whether this machine can sandbox untrusted code."""

from model_repository.environment import Finding, Level
from model_repository.sandbox.box import Box, bubblewrap
from model_repository.sandbox.errors import SandboxEndedError, SandboxUnavailableError
from model_repository.sandbox.process import SandboxProcess
from model_repository.settings import SandboxLimits

SECONDS = 30.0


def check_sandbox() -> Finding:
    """Start a sandbox that does nothing: many hosts have the program and forbid namespaces."""
    try:
        require_sandbox()
    except SandboxUnavailableError as error:
        return Finding("sandbox", Level.OPTIONAL, error.message, error.hint)
    return Finding("sandbox", Level.OK, bubblewrap())


def require_sandbox() -> None:
    """Do nothing where a sandbox can be had.

    Raises:
        SandboxUnavailableError: it cannot; says why and what to do.

    """
    printed: list[bytes] = []
    limits = SandboxLimits()
    box = Box(program=("nothing.py",), limits=limits, file_bytes=limits.scratch_bytes)
    try:
        status = SandboxProcess(box, printed.append).wait(SECONDS)
    except SandboxEndedError as error:
        raise SandboxUnavailableError(f"no sandbox: {error.message}") from error
    if status:
        said = b"".join(printed).decode(errors="replace").strip().splitlines()
        raise SandboxUnavailableError(
            f"no sandbox: {said[-1] if said else f'it ended with status {status}'}",
            hint="Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, and no AppArmor profile "
            "against them), or run as root with CAP_SYS_ADMIN, in containers too.",
        )
