"""How much memory opening a model takes, measured in the process that opens it."""

import ctypes
import gc
import sys

import psutil

MEBIBYTE = 2**20


class MemoryMeter:
    """Resident memory of this process from here on.

    Memory that is free but still held would be taken up again unseen, so it is handed back before each look.
    What is there already is never searched for garbage again: with torch loaded, each search takes half a
    second.
    """

    def __init__(self) -> None:
        self._before = _settled_bytes()
        gc.freeze()

    def added_mib(self) -> float:
        """What has come on top since the beginning; 0 where less is held now."""
        return max(0, _settled_bytes() - self._before) / MEBIBYTE


def _settled_bytes() -> int:
    gc.collect()
    if sys.platform == "linux":
        # Only glibc has this call; others hand free memory back by themselves, or never.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
    return psutil.Process().memory_info().rss
