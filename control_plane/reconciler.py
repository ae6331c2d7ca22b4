"""Keeps a Triton server right: what it lost in a restart is loaded again, what nobody wants is unloaded."""

import asyncio
from collections.abc import Collection

import structlog
from sqlmodel import col, select

from control_plane.db.engine import Database
from control_plane.models.tables import SERVING, Version, VersionState
from control_plane.servers import Servers
from model_repository.client import EntryState, TritonClient
from model_repository.errors import TriremeError
from model_repository.rollout import take_down

logger = structlog.get_logger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds between two tries to load an entry that Triton refuses."""

_HELD = (*SERVING, VersionState.DRAINING)
_WANTED = (*_HELD, VersionState.LOADING)


class Reconciler:
    """Compares one server with the database. Loading a new version is a build's work and left to it."""

    def __init__(self, database: Database, servers: Servers, client: TritonClient) -> None:
        self._database = database
        self._servers = servers
        self._client = client
        self._pauses: dict[str, tuple[float, float]] = {}

    async def sweep(self) -> None:
        """Load what is missing and unload what nobody wants.

        Raises:
            ServerUnavailableError: there is no server.

        """
        serving = await self._entries(_HELD)
        index = await self._client.index()
        busy = (EntryState.READY, EntryState.LOADING, EntryState.UNLOADING)
        for entry in serving:
            if entry in index and index[entry] not in busy:  # the files of others are still on their way
                await self._load(entry)
        loaded = {entry for entry, state in index.items() if state is EntryState.READY}
        for entry in loaded - await self._entries(_WANTED):
            await self._unload(entry)
        self._pauses = {entry: pause for entry, pause in self._pauses.items() if entry in serving}

    async def _load(self, entry: str) -> None:
        now = asyncio.get_running_loop().time()
        until, pause = self._pauses.get(entry, (0.0, FIRST_PAUSE))
        if now < until or self._servers.lock(entry).locked():
            return
        async with self._servers.lock(entry):
            if entry not in await self._entries(_HELD):
                return
            try:
                self._servers.check(await asyncio.to_thread(self._servers.storage.manifest, entry))
                await self._client.load(entry)
            except TriremeError as error:
                self._pauses[entry] = (now + pause, min(pause * 2, LONGEST_PAUSE))
                logger.warning(
                    "entry not loaded",
                    entry=entry,
                    server=self._client.url,
                    reason=error.message,
                    hint=error.hint,
                )
            else:
                self._pauses.pop(entry, None)
                logger.info("entry loaded again", entry=entry, server=self._client.url)

    async def _unload(self, entry: str) -> None:
        if self._servers.lock(entry).locked():
            return
        async with self._servers.lock(entry):
            if entry in await self._entries(_WANTED):
                return
            await take_down(self._client, entry)

    async def _entries(self, states: Collection[VersionState]) -> set[str]:
        query = select(Version).where(col(Version.state).in_(states), col(Version.published))
        async with self._database.reading() as session:
            return {entry for version in await session.exec(query) for entry in version.entries}
