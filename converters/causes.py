"""Turns any failure into one line that says why and one that says what to do."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from converters.messages import Failed
from converters.spec import ConversionError
from model_repository.errors import TriremeError

LONGEST_LINE = 300
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def explain(error: BaseException) -> Failed:
    """Cause and hint; what is not known here is told by its type and the first line of its text."""
    if isinstance(error, TriremeError):
        return Failed(error.message, error.hint)
    text = str(error).strip()
    if (isinstance(error, OSError) and error.errno == errno.ENOSPC) or "No space left on device" in text:
        return Failed("the disk is full", "Free some space where builds are kept, and start the build again.")
    if isinstance(error, MemoryError) or "can't allocate memory" in text:
        return Failed("not enough memory", "Free some memory, or use a smaller model.")
    return Failed(in_one_line(error), "See the log of the stage.")


def in_one_line(error: BaseException) -> str:
    """Type and first line of an error; one of ours says by itself what it is."""
    if isinstance(error, TriremeError):
        return first_line(error.message)
    return f"{type(error).__name__}: {first_line(str(error))}".rstrip(": ")


@contextmanager
def files_may_fail() -> Iterator[None]:
    """Tell a failure of the file system, such as a full disk, as a cause.

    Raises:
        ConversionError: instead of OSError.

    """
    try:
        yield
    except OSError as error:
        failed = explain(error)
        raise ConversionError(failed.message, hint=failed.hint) from error


def first_line(text: str) -> str:
    """First line of a text that says something, cut to a readable length."""
    # OpenVINO begins with the places in its own source.
    lines = (line for line in text.strip().splitlines() if not line.startswith("Exception from "))
    return _COLOUR.sub("", next(lines, ""))[:LONGEST_LINE]
