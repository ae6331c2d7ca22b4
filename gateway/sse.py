"""Answers that are sent in pieces: server-sent events as OpenAI's API has them."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec
import structlog
from litestar.response import Stream

from gateway.errors import describe

END = b"data: [DONE]\n\n"
MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""Nobody on the way keeps events, or waits until there are more of them."""

Events = AsyncGenerator[tuple[str, bytes], None]
"""Name of each event, empty for most, and its JSON."""

log = structlog.get_logger(__name__)


async def streamed(events: Events, *, end: bytes = END) -> Stream:
    """A response of events. What fails before the first of them is raised, and can be answered as any error.

    Args:
        end: what follows the last event.

    Raises:
        Exception: whatever the events raise before the first one.

    """
    first = await anext(events, None)
    return Stream(_lines(first, events, end), media_type=MEDIA_TYPE, headers=HEADERS)


async def _lines(first: tuple[str, bytes] | None, events: Events, end: bytes) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        if first is not None:
            yield _event(*first)
        try:
            async for name, data in events:
                yield _event(name, data)
        except Exception as error:  # noqa: BLE001 - the status has gone out: an event has to tell
            yield _event("", _told(error))
        else:
            yield end


def _event(name: str, data: bytes) -> bytes:
    prefix = f"event: {name}\n".encode() if name else b""
    return b"%bdata: %b\n\n" % (prefix, data)


def _told(error: Exception) -> bytes:
    """The body of an error in a stream, in the form that OpenAI's clients look for."""
    failure = describe(error)
    log.warning("stream failed", code=failure.code, cause=failure.message)
    told = {"type": failure.code, "code": failure.status, "message": failure.message}
    return msgspec.json.encode({"error": told})
