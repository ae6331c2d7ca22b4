"""An object in a bucket as a file that can be read at any place."""

import errno
import io
from collections.abc import Callable
from typing import BinaryIO

BUFFER = 1 << 20
"""Bytes in one request, at least."""

Fetch = Callable[[int, int], bytes]
"""Gives the bytes from one place up to, not including, another."""


def buffered(size: int, fetch: Fetch) -> BinaryIO:
    """A file of that size whose bytes are fetched as they are read: looking into a zip costs little."""
    return io.BufferedReader(_Ranges(size, fetch), BUFFER)


class _Ranges(io.RawIOBase):
    def __init__(self, size: int, fetch: Fetch) -> None:
        self._size = size
        self._fetch = fetch
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, "no such place in a file")  # as of a file on a disk
        self._place = start + offset
        return self._place

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # typeshed: a buffer
        end = min(self._place + len(buffer), self._size)
        if end <= self._place:
            return 0
        data = self._fetch(self._place, end)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
