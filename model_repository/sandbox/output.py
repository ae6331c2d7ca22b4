"""Passes on what sandboxed code prints, up to a bound."""

from typing import Protocol


class Sink(Protocol):
    """A file or a stream."""

    def write(self, data: bytes, /) -> object:
        """Take bytes."""
        ...

    def flush(self) -> object:
        """Pass them on."""
        ...


class Quota:
    """Passes on so many bytes and drops the rest, because code that prints for ever fills a disk."""

    def __init__(self, size: int, sink: Sink) -> None:
        self._left = size
        self._sink = sink

    def __call__(self, data: bytes) -> None:
        """Take what was printed."""
        if not self._left:
            return
        passed = data[: self._left]
        self._left -= len(passed)
        self._sink.write(passed)
        if not self._left:
            self._sink.write(b"\n[what the code prints after this is not kept]\n")
        self._sink.flush()
