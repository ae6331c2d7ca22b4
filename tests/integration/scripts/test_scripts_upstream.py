"""The benchmark's own provider and client: what they measure with must itself be right."""

import msgspec
import pytest

from scripts.benchmarks import upstream
from scripts.benchmarks.http import connections, prepare

pytestmark = pytest.mark.integration


async def test_chats_come_whole_and_as_tokens_over_one_connection() -> None:
    asked = {"model": upstream.NAME, "messages": []}
    with upstream.running() as port:
        async with connections("127.0.0.1", port, 1) as (connection,):
            for _ in range(2):
                body = msgspec.json.encode(asked | {"stream": True})
                stream = connection.stream(prepare("/v1/chat/completions", "none", body))
                chunks = [chunk async for chunk in stream]
                assert chunks == [b"data: %s\n\n" % upstream.CHUNK] * upstream.TOKENS + [b"data: [DONE]\n\n"]
            whole = await connection.post(prepare("/v1/chat/completions", "none", msgspec.json.encode(asked)))
    assert (whole.status, whole.body) == (200, upstream.WHOLE)


async def test_what_is_no_stream_is_told() -> None:
    with upstream.running() as port:
        async with connections("127.0.0.1", port, 1) as (connection,):
            with pytest.raises(RuntimeError, match="200 instead of a stream"):
                await anext(connection.stream(prepare("/v1/chat/completions", "none", b"{}")))
