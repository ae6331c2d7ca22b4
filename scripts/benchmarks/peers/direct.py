"""Callers who speak to Triton themselves: as most do, and with batches as good as they can be."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext

import numpy as np
from tokenizers import Tokenizer

from model_repository.client import TritonClient, infer_request
from model_repository.manifest import Manifest
from model_repository.storage import FolderStorage
from scripts.benchmarks.load import Call
from scripts.benchmarks.peers.loads import Load
from scripts.benchmarks.peers.processes import ProcessTree
from scripts.benchmarks.peers.ways import Callers
from scripts.benchmarks.server import Server

CLIENTS = 4
PACK = 32
IN_FLIGHT = 2
"""Packs of the sorted way: one is computed while the next one arrives."""


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
        """One request for all of them, padded to the longest."""
        rows = self._tokenizer.encode_batch_fast(list(texts))
        columns = {
            "input_ids": [row.ids for row in rows],
            "attention_mask": [row.attention_mask for row in rows],
            "token_type_ids": [row.type_ids for row in rows],
        }
        inputs = {each.name: np.array(columns[each.name], np.int64) for each in self.manifest.inputs}
        return infer_request(self.manifest.entry, inputs, [self.manifest.head.output])

    def length(self, text: str) -> int:
        """In tokens."""
        return len(self._tokenizer.encode(text))


class _DirectWay:
    """The server runs on: the callers need its Triton, and the gateway beside it has nothing to do."""

    fewest = 1

    def __init__(self, server: Server, tree: ProcessTree, entry: Entry) -> None:
        self.tree = tree
        self._url = server.triton
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
        ordered = sorted(pool, key=self._entry.length)
        packs = [ordered[start : start + PACK] for start in range(0, len(ordered), PACK)]
        random.Random(0).shuffle(packs)
        if load.callers == 1:
            packs = [[text] for text in pool]
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
