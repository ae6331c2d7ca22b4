"""Events of upstreams, however their bytes are cut."""

from collections.abc import AsyncGenerator

import pytest

from gateway.serving.errors import ProviderFailedError
from gateway.serving.providers import events as upstream_events
from gateway.serving.providers.events import events

STREAM = (
    b': hello\r\n\r\nevent: x\ndata: {"a": 1}\r\n\r\ndata:{"b": 2}\n\nid: 3\ndata: [DONE]\n\ndata: never\n\n'
)


async def pieces(content: bytes, size: int) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_events_are_whole_wherever_the_bytes_are_cut(size: int):
    assert [data async for data in events(pieces(STREAM, size))] == [b'{"a": 1}', b'{"b": 2}']


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\ndata: [DONE]", b"\n\ndata: [DONE]\n"])
async def test_the_last_event_may_lack_its_end(end: bytes):
    assert [data async for data in events(pieces(b"data: {}" + end, 3))] == [b"{}"]


@pytest.mark.parametrize("content", [b"", b"<html>\n</html>\n", b'{"id": 1}'])
async def test_what_has_no_events_is_a_failure_of_the_provider(content: bytes):
    with pytest.raises(ProviderFailedError) as caught:
        [data async for data in events(pieces(content, 4))]
    assert caught.value.status == 502


async def test_a_line_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(upstream_events, "MOST_BYTES", 64)
    with pytest.raises(ProviderFailedError):
        [data async for data in events(pieces(b"data: " + b"x" * 100, 10))]


async def test_only_done_is_an_empty_answer():
    assert [data async for data in events(pieces(b"data: [DONE]\n\n", 5))] == []
