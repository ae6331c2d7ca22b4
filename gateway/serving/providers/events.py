"""Parses server-sent events of upstreams from a stream of bytes."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from gateway.serving.errors import ProviderFailedError

END = b"[DONE]"
FIELD = b"data:"
MOST_BYTES = 16 * 2**20
"""Longest line; one that never ends would fill the memory."""


async def events(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Data of each event up to the end of the bytes, or to the event that says so.

    Raises:
        ProviderFailedError: these are no events.

    """
    rest, begun = b"", False
    async with aclosing(pieces):
        async for piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > MOST_BYTES:
                raise _no_events()
            for line in lines:
                if not line.startswith(FIELD):
                    continue
                begun, data = True, line.removeprefix(FIELD).strip()
                if data == END:
                    return
                yield data
        last = rest.removeprefix(FIELD).strip()
        if rest.startswith(FIELD) and last != END:
            yield last
        elif not begun and not rest.startswith(FIELD):
            raise _no_events()


def _no_events() -> ProviderFailedError:
    return ProviderFailedError("The model's provider did not answer with a stream of events.", status=502)
