"""Checks a machine for what Trireme needs, and says what to install."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from model_repository.environment import Finding, Level, check_environment
from model_repository.sandbox.check import check_sandbox
from trireme.data_folder import is_served
from trireme.ports import PortInUseError, free_port
from trireme.settings import Settings

LOW_DISK_BYTES = 10 * 2**30


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, one after another."""
    yield from check_environment()
    yield _disk(settings.data)
    yield _port(settings)
    yield check_sandbox()
    yield _confinement()
    yield _builds()
    yield _gpu()


def _disk(folder: Path) -> Finding:
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK)):
        detail = f"{existing} cannot be written into"
        return Finding("disk", Level.PROBLEM, detail, "Choose another folder with --data.")
    free = shutil.disk_usage(existing).free
    detail = f"{free / 2**30:.0f} GiB free for {folder.absolute()}"
    if free < LOW_DISK_BYTES:
        return Finding("disk", Level.PROBLEM, detail, "A conversion needs several times the model's size.")
    return Finding("disk", Level.OK, detail)


def _port(settings: Settings) -> Finding:
    address = settings.gateway.host, settings.gateway.port
    detail = f"{address[0]}:{address[1]}"
    if is_served(settings):
        return Finding("port", Level.OK, f"a server runs on {settings.data}")
    try:
        free_port(*address)
    except PortInUseError as error:
        return Finding("port", Level.PROBLEM, error.message, error.hint)
    return Finding("port", Level.OK, f"{detail} is free")


def _confinement() -> Finding:
    """Confine a process that does nothing."""
    tried = subprocess.run(
        [sys.executable, "-m", "gateway.serving.confinement"], capture_output=True, text=True, check=False
    )
    if tried.returncode == 0:
        return Finding("confinement", Level.OK, "for PDFs and chat templates")
    cause = tried.stderr.strip().rpartition("\n")[2]
    return Finding(
        "confinement",
        Level.PROBLEM,
        f"no PDFs are opened and no conversations held: {cause}",
        "apt-get install libseccomp2, and a kernel and container that let processes filter system calls",
    )


def _builds() -> Finding:
    try:
        from converters.confinement import can_confine  # noqa: PLC0415  # the extra `convert`
    except ModuleNotFoundError:
        return Finding("builds", Level.OPTIONAL, "none here", "pip install 'trireme[convert]'")
    if can_confine():
        return Finding("builds", Level.OK, "see no files but their own, by Landlock")
    return Finding(
        "builds",
        Level.OPTIONAL,
        "see all files that this user may read",
        "A kernel of Linux 5.19 or later with Landlock (`lsm=landlock`) confines them.",
    )


def _gpu() -> Finding:
    try:
        import pynvml  # noqa: PLC0415  # the extra `gpu`
    except ModuleNotFoundError:
        return Finding(
            "gpu", Level.OPTIONAL, "not looked for", "To have it checked: pip install 'trireme[gpu]'"
        )
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return Finding("gpu", Level.OPTIONAL, f"none ({error}); engines run on the CPU")
    names = [
        pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(index))
        for index in range(pynvml.nvmlDeviceGetCount())
    ]
    return Finding("gpu", Level.OK, f"{', '.join(names)}, driver {pynvml.nvmlSystemGetDriverVersion()}")
