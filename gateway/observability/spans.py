"""Spans of what a request does: the call of a task, and each question to Triton."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

from gateway.observability.timing import Stages, current_span, set_current_span
from model_repository.client import Headers

if TYPE_CHECKING:
    from gateway.observability.tracing import Span
    from gateway.serving.metering.call import Call

_UNTRACED: AbstractContextManager[Headers] = nullcontext(())

_sharing: ContextVar[tuple["Span", ...]] = ContextVar("sharing", default=())


def begin_call(call: "Call") -> "Span | None":
    """Open the span of a call; what follows belongs to it."""
    parent = current_span()
    if parent is None:
        return None
    span = parent.child(
        call.task.value,
        {
            "trireme.task": call.task.value,
            "trireme.model": call.router.name,
            "trireme.account_id": call.caller.account_id,
        },
    )
    set_current_span(span)
    return span


def end_call(span: "Span | None", call: "Call", error: str) -> None:
    """Close the span of a call; what follows belongs to its parent again.

    Args:
        error: its code, or an empty string.

    """
    if span is None:
        return
    set_current_span(span.parent)
    used: dict[str, str | int] = {
        "trireme.prompt_tokens": call.prompt_tokens,
        "trireme.completion_tokens": call.completion_tokens,
    }
    if call.provider is not None:
        used["trireme.provider_id"] = call.provider.id
    span.end(used, error=error)


def share(others: Iterable[Stages | None]) -> None:
    """Link what Triton is asked in this context to other requests that share it."""
    if current_span() is not None:
        _sharing.set(tuple(each.span for each in others if each is not None and each.span is not None))


def asking(method: str, server: str, entry: str) -> AbstractContextManager[Headers]:
    """The span of a question to a server, as long as the block; gives what the server is to be told of it:
    W3C `traceparent`, and `tracestate` where the caller sent one.

    Args:
        method: of KServe's gRPC service, whichever way it is asked.
        server: `host:port` that is asked.
        entry: of the repository.

    """
    span = current_span()
    return _UNTRACED if span is None else span.asking(method, server, entry, _sharing.get())
