"""Reads the catalogue in a thread of its own, so that a large one holds up no request.

Turning the rows of ten thousand keys into objects takes a good part of a second, and an event loop that does
it answers nobody meanwhile. The thread runs an event loop and connections of its own; between its steps the
interpreter goes back to the requests every few milliseconds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from control_plane.catalog import Catalog
from control_plane.db.engine import Database
from control_plane.snapshot import read_catalog, read_live_keys

T = TypeVar("T")
Read = Callable[[Database], Awaitable[T]]

READ_SECONDS = 60.0
"""Time for one reading; a database that hangs must not keep the thread for ever."""


class CatalogReader:
    """One thread that reads catalogues, one at a time."""

    def __init__(self, database: Database) -> None:
        self._url = database.url
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="catalog")

    async def read(self) -> Catalog:
        """All that a gateway needs to know, as of one generation.

        Raises:
            TimeoutError: the database hangs.

        """
        return await self._in_thread(read_catalog)

    async def live_keys(self) -> frozenset[bytes]:
        """Digests of the keys that were not revoked: many times quicker to read than all that they stand for.

        Raises:
            TimeoutError: the database hangs.

        """
        return await self._in_thread(read_live_keys)

    def close(self) -> None:
        """End the thread when it has finished."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, read: Read[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: asyncio.run(self._read(read))
        )

    async def _read(self, read: Read[T]) -> T:
        database = Database(self._url)
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await read(database)
        finally:
            await database.close()
