"""Resident memory of a process and its descendants."""

from contextlib import suppress

import psutil


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and all its descendants; 0 when it has ended."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        leader = psutil.Process(pid)
        for process in (leader, *leader.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
    return total
