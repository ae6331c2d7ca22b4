"""How long each stage of a request took, told to the caller in `Server-Timing`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter

_timings: ContextVar[dict[str, float] | None] = ContextVar("timings", default=None)


def begin() -> dict[str, float]:
    """Start a request's record: seconds by stage, filled by `stage` in this task and those it starts."""
    record: dict[str, float] = {}
    _timings.set(record)
    return record


def current() -> dict[str, float] | None:
    """The record of the request that is being answered, if it has one."""
    return _timings.get()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Add the time of the block to a stage; stages that run side by side add up."""
    record = _timings.get()
    if record is None:
        yield
        return
    start = perf_counter()
    try:
        yield
    finally:
        record[name] = record.get(name, 0.0) + perf_counter() - start


def server_timing(record: dict[str, float]) -> bytes:
    """Header value after W3C Server-Timing: `tokenise;dur=0.21, triton;dur=3.4`, in milliseconds."""
    return ", ".join(f"{name};dur={seconds * 1000:.3f}" for name, seconds in record.items()).encode()
