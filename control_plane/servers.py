"""The Triton servers of a site, with one lock an entry between the parts of a worker that load and unload."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

import structlog

from model_repository.client import EntryState, TritonClient
from model_repository.errors import RepositoryError, ServerUnavailableError
from model_repository.manifest import Manifest
from model_repository.nodes import MisfitError, Node, misfit
from model_repository.rollout import take_down
from model_repository.storage import Storage

logger = structlog.get_logger(__name__)


class Servers:
    """All that a worker loads entries into. Make it inside a running event loop, and close it there."""

    def __init__(self, urls: Sequence[str], storage: Storage, node: Node | None = None) -> None:
        """Connect.

        Args:
            node: what all of them offer to TensorRT plans, None where they have no GPU.

        """
        self.clients = tuple(TritonClient(url) for url in urls)
        self.storage = storage
        self._node = node
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def lock(self, entry: str) -> asyncio.Lock:
        """Held while an entry is loaded or unloaded; what the database wants of it is read under the lock."""
        return self._locks.setdefault(entry, asyncio.Lock())

    def check(self, manifest: Manifest) -> None:
        """Refuse an entry before it is loaded whose engine is tied to another GPU or another version.

        Raises:
            MisfitError: it is.

        """
        if why := misfit(manifest.engine, self._node):
            raise MisfitError(f"{manifest.entry} cannot run on these Triton servers: {why}")

    @asynccontextmanager
    async def locked(self, entries: Iterable[str]) -> AsyncIterator[None]:
        """Hold the locks of all entries of a version, taken in the same order by everybody."""
        async with AsyncExitStack() as stack:
            for entry in sorted(entries):
                await stack.enter_async_context(self.lock(entry))
            yield

    async def unload(self, entry: str) -> None:
        """Unload an entry wherever it is loaded; a server that is away forgets it by itself."""
        for client in self.clients:
            try:
                if (await client.index()).get(entry) in (EntryState.READY, EntryState.LOADING):
                    await take_down(client, entry)
            except ServerUnavailableError as error:
                logger.info("server away", entry=entry, server=client.url, reason=error.message)
            except RepositoryError as error:
                logger.warning("entry stays loaded", entry=entry, server=client.url, reason=error.message)

    async def close(self) -> None:
        """End the connections."""
        for client in self.clients:
            await client.close()
