"""What travels between a stage's process and the build, and how failures are told."""

import errno
import os
import pickle

import pytest

from converters.causes import explain, files_may_fail, first_line
from converters.messages import Advanced, Failed, Receiver, Sender
from converters.spec import BuildCancelledError, ConversionError
from model_repository.memory import resident_bytes


def test_messages_survive_being_cut_anywhere() -> None:
    inbox, outbox = os.pipe()
    sender = Sender(outbox)
    sender.progress(12.5, "exporting\nin two lines")
    sender.send(Failed("größer", "smaller"))
    os.close(outbox)
    with os.fdopen(inbox, "rb") as file:
        data = file.read()
    receiver = Receiver()
    messages = [message for byte in data for message in receiver.feed(bytes([byte]))]
    assert messages == [Advanced(12.5, "exporting\nin two lines"), Failed("größer", "smaller")]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConversionError("known", hint="do this"), "known"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes"), "not enough memory"),
        (ValueError("first\nsecond"), "ValueError: first"),
        (KeyError(), "KeyError"),
    ],
)
def test_every_failure_has_one_line_and_a_hint(error: Exception, message: str) -> None:
    told = explain(error)
    assert told.message == message
    assert told.hint


def test_places_in_openvinos_source_are_skipped() -> None:
    assert (
        first_line("Exception from src/core.cpp:132:\nException from src/x.cpp:1:\nNo weights\n")
        == "No weights"
    )


def test_a_failing_file_system_is_a_cause() -> None:
    with pytest.raises(ConversionError, match="the disk is full"), files_may_fail():
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("kind", [ConversionError, BuildCancelledError])
def test_errors_travel_between_processes_whole(kind: type[ConversionError]) -> None:
    copy = pickle.loads(pickle.dumps(kind("cause", hint="hint")))
    assert (type(copy), copy.message, copy.hint) == (kind, "cause", "hint")


def test_memory_of_a_process_is_measured_and_of_none_is_zero() -> None:
    assert resident_bytes(os.getpid()) > 10 * 2**20
    child = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(child, 0)
    assert resident_bytes(child) == 0
