"""Runs a program that the kernel kills when its parent ends: `tether.py PARENT_PID PROGRAM [ARGUMENT]...`.

A program of its own, since code between fork and exec is not safe in a process with threads. It uses the
standard library only and starts without site-packages.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, which stays asked for over exec, and become the program."""
    parent, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it ended before the signal was asked for
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main()
