"""Structured log lines of a process, on standard error or in a rotated file.

Our own lines take a short way, because the gateway writes one a request; those of libraries join it.
"""

import logging
import sys
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import structlog
from structlog.typing import Processor

from trireme.settings import LogSettings

FILE_BYTES = 20_000_000
FILES_KEPT = 3


def configure(settings: LogSettings) -> None:
    """Send every log line of this process, those of libraries included, to one place in one format."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    sink: BinaryIO | RotatedFile = RotatedFile(Path(settings.file)) if settings.file else sys.stderr.buffer
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: list[Processor] = (
        [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(serializer=_json)]
        if settings.json
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()), _encode]
    )
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sink),  # type: ignore[arg-type]  # it needs write and flush
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_LibraryLines()]
    root.setLevel(max(level, logging.WARNING))


class RotatedFile:
    """A file that moves to `.1`, `.2`, … when it is full, so that logs never fill the disk."""

    def __init__(self, path: Path, *, limit: int = FILE_BYTES, kept: int = FILES_KEPT) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._limit, self._kept = path, limit, kept
        self._file = path.open("ab", buffering=0)
        self._size = path.stat().st_size
        self._torn = False  # the last line has no end

    def write(self, line: bytes) -> int:
        """Append a line; without room for it on the disk it is lost, and whoever writes it goes on."""
        try:
            if self._size + len(line) > self._limit and self._size:
                self._rotate()
            whole = b"\n" + line if self._torn else line
            written = self._file.write(whole)
        except OSError:
            return 0
        self._torn = written < len(whole)
        self._size += written
        return written

    def flush(self) -> None:
        """Do nothing: every line is written at once."""

    def close(self) -> None:
        """End writing."""
        self._file.close()

    def _rotate(self) -> None:
        for number in range(self._kept, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        full, self._file = self._file, self._path.open("ab", buffering=0)
        full.close()
        self._size, self._torn = 0, False

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


class _LibraryLines(logging.Handler):
    """Passes the standard library's records on to structlog."""

    def __init__(self) -> None:
        super().__init__()
        self._logger = structlog.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        exception = {"exc_info": record.exc_info} if record.exc_info else {}
        self._logger.log(record.levelno, record.getMessage(), logger=record.name, **exception)


def _json(event: object, **_options: object) -> bytes:
    return orjson.dumps(event, default=str)


def _encode(_logger: object, _method: str, line: Any) -> bytes:
    return str(line).encode()
