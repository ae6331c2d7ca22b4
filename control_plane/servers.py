"""The Triton servers of a site, with one lock an entry between the parts of a worker that load and unload."""

import asyncio
from collections.abc import Sequence
from weakref import WeakValueDictionary

from model_repository.client import TritonClient
from model_repository.storage import Storage


class Servers:
    """All that a worker loads entries into. Make it inside a running event loop, and close it there."""

    def __init__(self, urls: Sequence[str], storage: Storage) -> None:
        self.clients = tuple(TritonClient(url) for url in urls)
        self.storage = storage
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def lock(self, entry: str) -> asyncio.Lock:
        """Held while an entry is loaded or unloaded; what the database wants of it is read under the lock."""
        return self._locks.setdefault(entry, asyncio.Lock())

    async def close(self) -> None:
        """End the connections."""
        for client in self.clients:
            await client.close()
