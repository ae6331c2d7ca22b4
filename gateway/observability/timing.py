"""How long each stage of a request took, told to the caller in `Server-Timing` and to whoever traces."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # OpenTelemetry is there only where it is wanted
    from gateway.observability.tracing import Span


@dataclass(frozen=True, slots=True)
class Stages:
    """The record of a request.

    Attributes:
        seconds: by stage.
        span: that the stages are parts of, where the request is traced.

    """

    seconds: dict[str, float] = field(default_factory=dict)
    span: "Span | None" = None

    def add(self, name: str, start: float, end: float) -> None:
        """Add the time between two readings of `perf_counter`; stages that run side by side add up."""
        self.seconds[name] = self.seconds.get(name, 0.0) + end - start
        if self.span is not None:
            self.span.part(name, start, end)


_stages: ContextVar[Stages | None] = ContextVar("stages", default=None)


def begin(span: "Span | None" = None) -> Stages:
    """Start a request's record, filled by `stage` in this task and those it starts."""
    stages = Stages(span=span)
    _stages.set(stages)
    return stages


def current() -> Stages | None:
    """The record of the request that is being answered, if it has one."""
    return _stages.get()


def current_span() -> "Span | None":
    """The span that whatever is done now belongs to, where the request is traced."""
    stages = _stages.get()
    return None if stages is None else stages.span


def set_current_span(span: "Span | None") -> None:
    """Let the stages that follow be parts of another span of the same request."""
    stages = _stages.get()
    if stages is not None:
        _stages.set(Stages(stages.seconds, span))


class stage:  # noqa: N801 - named like contextlib's, and made so often that a generator would cost
    """Add the time of a `with` block to a stage."""

    __slots__ = ("_name", "_stages", "_start")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._stages = _stages.get()
        self._start = perf_counter()

    def __exit__(self, *_: object) -> None:
        if self._stages is not None:
            self._stages.add(self._name, self._start, perf_counter())


def server_timing(seconds: dict[str, float]) -> bytes:
    """Header value after W3C Server-Timing: `tokenise;dur=0.21, triton;dur=3.4`, in milliseconds."""
    return ", ".join(f"{name};dur={spent * 1000:.3f}" for name, spent in seconds.items()).encode()
