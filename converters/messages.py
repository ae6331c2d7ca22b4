"""What a stage's process tells the process that started it: JSON lines over a pipe."""

import os
from collections.abc import Iterator
from typing import Protocol

import msgspec


class Advanced(msgspec.Struct, frozen=True, tag="advanced"):
    """The stage got this far (0 to 100)."""

    percent: float
    message: str


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The stage cannot go on: one line why, one line what to do."""

    message: str
    hint: str


Message = Advanced | Failed


class Progress(Protocol):
    """Takes how far a stage has got: 0 to 100 and what is being done."""

    def __call__(self, percent: float, message: str, /) -> None:
        """Tell it."""
        ...


class Sender:
    """The child's end of the pipe; without a pipe (a stage run by hand) messages are printed into the log."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def send(self, message: Message) -> None:
        """Pass a message on at once.

        Raises:
            BrokenPipeError: nobody listens any more.

        """
        line = msgspec.json.encode(message) + b"\n"
        os.write(2 if self._descriptor is None else self._descriptor, line)

    def progress(self, percent: float, message: str) -> None:
        """Report how far the stage has got."""
        self.send(Advanced(percent, message))


class Receiver:
    """Cuts the bytes that arrive into messages."""

    def __init__(self) -> None:
        self._rest = b""
        self._decoder = msgspec.json.Decoder(Message)

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """Messages that this chunk completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            yield self._decoder.decode(line)
