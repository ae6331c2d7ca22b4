"""Callers who speak to Triton themselves: as most do, and with batches as good as they can be."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from typing import TypeVar

import numpy as np
from tokenizers import Tokenizer

from model_repository.client import TritonClient, infer_request
from model_repository.http_client import HttpClient
from model_repository.manifest import Manifest
from model_repository.storage import FolderStorage
from model_repository.tensors import Array
from scripts.benchmarks.load import Call
from scripts.benchmarks.peers.loads import Load
from scripts.benchmarks.peers.processes import ProcessTree
from scripts.benchmarks.peers.ways import Callers
from scripts.benchmarks.server import Server

CLIENTS = 4
PACK = 32
IN_FLIGHT = 2
"""Packs of the sorted way: one is computed while the next one arrives."""

CHOICE = 12
"""Packs among which `spread` takes the next one."""

T = TypeVar("T")


def spread(packs: Sequence[T], tokens: Sequence[int]) -> list[T]:
    """Ordered so that the first few stand for all: a turn ends long before every pack has been sent.

    Shuffled, the first ten of 128 happened to hold a tenth less than their share. Of the next few by chance
    comes the one with which all so far come nearest to it.

    Args:
        tokens: of each pack.

    """
    left = random.Random(0).sample(range(len(packs)), len(packs))
    share, held = sum(tokens) / len(packs), 0
    order: list[T] = []
    while left:
        due = share * (len(order) + 1) - held
        at = min(left[:CHOICE], key=lambda pack: abs(tokens[pack] - due))
        left.remove(at)
        held += tokens[at]
        order.append(packs[at])
    return order


class Entry:
    """The model in Triton's repository, and its tokenizer."""

    def __init__(self, server: Server, name: str) -> None:
        storage = FolderStorage(server.data / "repository")
        self.manifest: Manifest = next(
            each for each in map(storage.manifest, storage.entries()) if each.name == name
        )
        assert self.manifest.tokenizer is not None
        file = storage.read(self.manifest.entry, self.manifest.tokenizer.path)
        self._tokenizer = Tokenizer.from_str(file.decode())
        self._tokenizer.enable_truncation(self.manifest.tokenizer.max_length)
        self._tokenizer.enable_padding()

    def request(self, texts: Sequence[str]) -> bytes:
        """One request for all of them over gRPC."""
        return infer_request(self.manifest.entry, self.inputs(texts), [self.manifest.head.output])

    def inputs(self, texts: Sequence[str]) -> dict[str, Array]:
        """Tensors of all of them, padded to the longest."""
        rows = self._tokenizer.encode_batch_fast(list(texts))
        columns = {
            "input_ids": [row.ids for row in rows],
            "attention_mask": [row.attention_mask for row in rows],
            "token_type_ids": [row.type_ids for row in rows],
        }
        return {each.name: np.array(columns[each.name], np.int64) for each in self.manifest.inputs}

    def length(self, text: str) -> int:
        """In tokens."""
        return len(self._tokenizer.encode(text))


class _DirectWay:
    """The server runs on: the callers need its Triton, and the gateway beside it has nothing to do."""

    fewest = 1

    def __init__(self, server: Server, tree: ProcessTree, entry: Entry) -> None:
        self.tree = tree
        self._url, self._http_url = server.triton, server.triton_http
        self._entry = entry

    def running(self) -> AbstractContextManager[None]:
        return nullcontext()

    @asynccontextmanager
    async def _clients(self, count: int) -> AsyncIterator[list[TritonClient]]:
        async with AsyncExitStack() as stack:
            clients = [TritonClient(self._url) for _ in range(min(CLIENTS, count))]
            for client in clients:
                stack.push_async_callback(client.close)
            yield [clients[index % len(clients)] for index in range(count)]


class NaiveWay(_DirectWay):
    """Each caller tokenises its texts, pads them to the longest, and sends them."""

    name = "direct, as they come"

    @asynccontextmanager
    async def callers(self, load: Load, pool: list[str]) -> AsyncIterator[Callers]:
        requests = load.requests(pool)
        async with self._clients(load.callers) as clients:
            yield Callers([self._caller(client, requests) for client in clients], load.texts)

    def _caller(self, client: TritonClient, requests: list[list[str]]) -> Call:
        async def call(number: int) -> None:
            await client.infer(self._entry.request(requests[number % len(requests)]), 60.0)

        return call


class LeanWay(_DirectWay):
    """The same by the gateway's own HTTP client, which no package offers: the least that a call can take."""

    name = "direct, over HTTP"

    @asynccontextmanager
    async def callers(self, load: Load, pool: list[str]) -> AsyncIterator[Callers]:
        requests, client = load.requests(pool), HttpClient(self._http_url)
        try:
            yield Callers([self._caller(client, requests)] * load.callers, load.texts)
        finally:
            client.close()

    def _caller(self, client: HttpClient, requests: list[list[str]]) -> Call:
        manifest = self._entry.manifest

        async def call(number: int) -> None:
            inputs = self._entry.inputs(requests[number % len(requests)])
            await client.infer(manifest.entry, inputs, [manifest.head.output], 60.0)

        return call


class SortedWay(_DirectWay):
    """All texts sorted by length, in full packs: no server can do that, because it does not know them before.

    Args:
        ready: the tensors are made before the clock runs.

    """

    def __init__(self, server: Server, tree: ProcessTree, entry: Entry, *, ready: bool) -> None:
        super().__init__(server, tree, entry)
        self.name = "direct, hand-sorted" + (", tensors ready" if ready else "")
        self._ready = ready

    @asynccontextmanager
    async def callers(self, load: Load, pool: list[str]) -> AsyncIterator[Callers]:
        packs = [[text] for text in pool] if load.callers == 1 else self._sorted(pool)
        ready = [self._entry.request(pack) for pack in packs] if self._ready else []

        def request(number: int) -> bytes:
            at = number % len(packs)
            return ready[at] if ready else self._entry.request(packs[at])

        def caller(client: TritonClient) -> Call:
            async def call(number: int) -> None:
                await client.infer(request(number), 60.0)

            return call

        async with self._clients(min(IN_FLIGHT, load.callers)) as clients:
            yield Callers([caller(client) for client in clients], len(packs[0]))

    def _sorted(self, pool: list[str]) -> list[list[str]]:
        lengths = {text: self._entry.length(text) for text in pool}
        ordered = sorted(pool, key=lengths.__getitem__)
        packs = [ordered[start : start + PACK] for start in range(0, len(ordered), PACK)]
        return spread(packs, [sum(map(lengths.__getitem__, pack)) for pack in packs])
