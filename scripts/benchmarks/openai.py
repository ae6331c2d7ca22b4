"""The OpenAI-compatible API against what answers behind it: Triton, and a provider elsewhere."""

import random
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import msgspec
import numpy as np

from model_repository.client import TritonClient
from scripts.benchmarks import load, texts, upstream
from scripts.benchmarks.direct import DirectModel
from scripts.benchmarks.http import Connection, connections, prepare
from scripts.benchmarks.server import Server

CALLERS = (1, 8)
TOKENS = upstream.TOKENS
"""Of every chat."""

CHATS = 4
"""Chats with the model on Triton in one round, a caller."""

QUESTION = "How many rows of oars has a trireme, and who sat in them?"
TOKEN = re.compile(rb'"content": ?"[^"]')

Ask = Callable[[int], AsyncIterator[object]]
"""Sends the request of a number; yields at each token, or once where the answer comes whole."""


@dataclass(frozen=True)
class Row:
    """One way of asking, directly and through the gateway; medians in milliseconds.

    Attributes:
        direct_first: until the first token, or the whole answer.
        direct_last: until the end of the answer.
        added: by the gateway until the end, for each token of a stream, or for an answer that comes whole.
        direct_rate: tokens a second of all callers, or answers.

    """

    way: str
    callers: int
    direct_first: float
    gateway_first: float
    direct_last: float
    gateway_last: float
    added: float
    direct_rate: float
    gateway_rate: float


@dataclass(frozen=True)
class _Side:
    """Callers of one side, and how long their answers took, in seconds."""

    asks: Sequence[Ask]
    firsts: list[float] = field(default_factory=list)
    samples: list[load.Sample] = field(default_factory=list)

    async def turn(self, requests: int) -> None:
        calls = [self._call(ask) for ask in self.asks]
        self.samples.append(await load.run(calls, range(requests)))

    def forget(self) -> None:
        self.firsts.clear()
        self.samples.clear()

    def _call(self, ask: Ask) -> load.Call:
        async def call(number: int) -> None:
            started = time.perf_counter()
            times = [time.perf_counter() - started async for _ in ask(number)]
            self.firsts.append(times[0])

        return call


@dataclass(frozen=True)
class _Way:
    name: str
    requests: int
    tokens: int
    direct: _Side
    gateway: _Side

    def row(self) -> Row:
        sides = (self.direct, self.gateway)
        firsts = [1e3 * float(np.median(side.firsts)) for side in sides]
        merged = [load.merge(side.samples) for side in sides]
        lasts = [1e3 * sample.percentile(50) for sample in merged]
        added = (lasts[1] - lasts[0]) / self.tokens
        rates = [self.tokens * sample.throughput for sample in merged]
        return Row(self.name, len(self.direct.asks), *firsts, *lasts, added, *rates)


async def measure(server: Server, chatting: str, embedding: str, requests: int, rounds: int) -> list[Row]:
    """All ways with all numbers of callers; within a number, ways and sides take turns round by round.

    Args:
        chatting: name of a model on Triton with a chat template.
        embedding: name of an encoder on Triton.
        requests: in a round, of all callers together; chats with the model on Triton are fewer.

    """
    with upstream.running() as port, upstream.routed(server, port):
        bench = _Bench(server, chatting, embedding, port)
        return [row for callers in CALLERS for row in await bench.measure(callers, requests, rounds)]


class _Bench:
    """What is sent, the same on both sides."""

    def __init__(self, server: Server, chatting: str, embedding: str, port: int) -> None:
        sentences = texts.fixed(random.Random(7), 256)
        encoder = DirectModel(server, embedding)
        self._server, self._port = server, port
        self._vectors = [encoder.embedding(text) for text in sentences]
        self._embeddings = [
            self._prepared("/v1/embeddings", {"model": embedding, "input": text, "encoding_format": "base64"})
            for text in sentences
        ]
        self._generation = DirectModel(server, chatting).chat(QUESTION, TOKENS)
        length = {"temperature": 0, "max_tokens": TOKENS, "min_tokens": TOKENS}
        self._chat = self._chat_of(chatting, stream=True, **length)
        self._remote = {stream: self._chat_of(upstream.NAME, stream=stream) for stream in (False, True)}

    async def measure(self, callers: int, requests: int, rounds: int) -> list[Row]:
        async with AsyncExitStack() as stack:
            triton = [TritonClient(self._server.triton) for _ in range(min(4, callers))]
            for client in triton:
                stack.push_async_callback(client.close)
            opened = await stack.enter_async_context(
                connections(self._server.host, self._server.port, callers)
            )
            elsewhere = await stack.enter_async_context(connections("127.0.0.1", self._port, callers))
            spread = [triton[index % len(triton)] for index in range(callers)]
            ways = self._ways(spread, opened, elsewhere, requests)
            for turn in range(rounds + 1):
                for way in ways:
                    await way.direct.turn(way.requests)
                    await way.gateway.turn(way.requests)
                    if not turn:  # the first turn warms up
                        way.direct.forget()
                        way.gateway.forget()
        return [way.row() for way in ways]

    def _ways(
        self,
        triton: Sequence[TritonClient],
        gateway: Sequence[Connection],
        elsewhere: Sequence[Connection],
        requests: int,
    ) -> list[_Way]:
        generated = _Side([_generated(each, self._generation) for each in triton])
        inferred = _Side([_inferred(each, self._vectors) for each in triton])
        chats = _Side([_streamed(each, self._chat) for each in gateway])
        embeddings = _Side([_whole(each, self._embeddings) for each in gateway])
        remote = (elsewhere, gateway)
        whole = [_Side([_whole(each, [self._remote[False]]) for each in side]) for side in remote]
        streams = [_Side([_streamed(each, self._remote[True]) for each in side]) for side in remote]
        return [
            _Way("chat on Triton, streamed", CHATS * len(triton), TOKENS, generated, chats),
            _Way("embedding on Triton, base64", requests, 1, inferred, embeddings),
            _Way("chat elsewhere, whole", requests, 1, *whole),
            _Way("chat elsewhere, streamed", requests, TOKENS, *streams),
        ]

    def _chat_of(self, model: str, **fields: object) -> bytes:
        messages = [{"role": "user", "content": QUESTION}]
        return self._prepared("/v1/chat/completions", {"model": model, "messages": messages, **fields})

    def _prepared(self, path: str, body: dict[str, object]) -> bytes:
        return prepare(path, self._server.key, msgspec.json.encode(body))


def _generated(client: TritonClient, request: bytes) -> Ask:
    return lambda _: client.stream(request, 120.0)


def _inferred(client: TritonClient, requests: Sequence[bytes]) -> Ask:
    async def ask(number: int) -> AsyncIterator[object]:
        yield await client.infer(requests[number % len(requests)], 30.0)

    return ask


def _whole(connection: Connection, requests: Sequence[bytes]) -> Ask:
    async def ask(number: int) -> AsyncIterator[object]:
        response = await connection.post(requests[number % len(requests)])
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {response.body[:200]!r}")
        yield response

    return ask


def _streamed(connection: Connection, request: bytes) -> Ask:
    async def ask(_: int) -> AsyncIterator[object]:
        chunk = b""
        async for chunk in connection.stream(request):
            if TOKEN.search(chunk):
                yield chunk
        if b"[DONE]" not in chunk:
            raise RuntimeError(f"the stream ended by {chunk[:200]!r}")

    return ask
