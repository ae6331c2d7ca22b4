"""Processes beside the gateway: what they cannot do any more, and hosts that cannot see to that."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from confined import unfiltered_python

from gateway.serving.confinement import UNCONFINED
from model_repository.environment import Level
from model_repository.sandbox.box import bubblewrap
from trireme.doctor import _confinement

TRY = ("-m", "gateway.serving.confinement")

ATTEMPTS = {
    "open a file": "open('/etc/hostname')",
    "open what it has itself": "os.open('/proc/self/mem', os.O_RDWR)",
    "list a folder": "os.listdir('/')",
    "look for a file": "os.stat('/etc/hostname')",
    "write a file": "open('/tmp/left', 'w')",
    "remove a file": "os.unlink('/tmp/left')",
    "speak over the network": "socket.socket()",
    "speak to this machine": "socket.socket(socket.AF_UNIX)",
    "start a process": "os.fork()",
    "become a program": "os.execv('/bin/true', ['true'])",
    "end another": "os.kill(os.getppid(), 9)",
    "end a thread of another": "call(234, os.getppid(), os.getppid(), 9)",
    "follow another": "call(101, 16, os.getppid(), 0, 0)",
    "read another's memory": "call(310, os.getppid(), 0, 0, 0, 0, 0)",
    "make a namespace": "call(272, 0x10000000)",
    "ask for input and output in a queue": "call(425, 1, 0)",
    "load a program into the kernel": "call(321, 0, 0, 0)",
    "take another's descriptor": "call(438, 0, 0, 0)",
    "map memory to run": "call(9, 0, 4096, 7, 0x22, -1, 0)",
    "have memory run": "call(10, page, 4096, 5)",
    "raise its limits": "call(302, 0, 9, 0, 0)",
}

CONFINED = """
import ctypes, mmap, os, socket, sys
from gateway.serving.confinement import confine

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
buffer = mmap.mmap(-1, 4096)
page = ctypes.addressof(ctypes.c_char.from_buffer(buffer))


def call(number, *arguments):
    if libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if sys.argv[1:] == ["confined"]:
    confine(2**30)
try:
    {attempt}
except PermissionError:
    os.write(1, b"refused")
os._exit(0)
"""


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_confined_process_cannot(attempt: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CONFINED.format(attempt=attempt), "confined"], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"refused", b"")


def test_it_starts_no_threads_either() -> None:
    attempt = "__import__('threading').Thread(target=print).start()"
    done = subprocess.run(
        [sys.executable, "-c", CONFINED.format(attempt=attempt), "confined"], capture_output=True, check=False
    )
    assert b"can't start new thread" in done.stderr


def test_threads_that_are_there_already_are_confined_too() -> None:
    program = """
import os, threading
from gateway.serving.confinement import confine

confined, tried = threading.Event(), []


def attempt():
    confined.wait()
    try:
        os.stat("/")
    except PermissionError:
        tried.append("refused")


thread = threading.Thread(target=attempt)
thread.start()
confine(2**30)
confined.set()
thread.join()
os.write(1, str(tried).encode())
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"['refused']"


def test_a_kernel_without_filters_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _confinement().level is Level.OK
    python = unfiltered_python(tmp_path)
    done = subprocess.run([python, *TRY], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (UNCONFINED, "")
    assert "not supported" in done.stderr
    monkeypatch.setattr(sys, "executable", str(python))
    finding = _confinement()
    assert finding.level is Level.PROBLEM
    assert "not supported" in finding.detail
    assert "libseccomp2" in finding.remedy


def test_a_host_without_the_library_is_told() -> None:
    files = {os.path.realpath(path) for path in _libraries()}
    assert files
    hidden = [option for path in files for option in ("--ro-bind", "/dev/null", path)]
    done = subprocess.run(
        [bubblewrap(), "--dev-bind", "/", "/", *hidden, "--", sys.executable, *TRY],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (UNCONFINED, "")
    assert "libseccomp" in done.stderr


def _libraries() -> set[str]:
    """Where the library lies that this process has loaded."""
    import pyseccomp  # noqa: F401, PLC0415  # loads it

    return {
        line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libseccomp" in line
    }
