"""Zips on their way from a socket to the disk: never in memory, never half there."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from litestar.types import Receive

from control_plane.db.engine import Database
from control_plane.settings import UploadSettings
from control_plane.uploads.arrival import Arrival, complete
from control_plane.uploads.contents import Contents, read_contents
from control_plane.uploads.errors import NoZipError, UploadTooLargeError
from control_plane.uploads.service import UploadService
from control_plane.uploads.store import FolderStore, Incoming
from control_plane.uploads.tables import UploadState
from converters.zips.reading import is_zip
from gateway.serving.errors import OverloadedError
from model_repository.errors import StorageFullError, TriremeError

log = structlog.get_logger(__name__)

PIECE = 1 << 20
"""Bytes that are gathered before they are written."""

SILENCE_SECONDS = 60.0
"""Longest time that a client may send nothing."""


class UploadAbortedError(TriremeError):
    """The zip did not come whole, or not in time."""

    status = 408
    code = "upload_aborted"
    default_hint = "Send it again; the URL is good until it expires."


class UploadReceiver:
    """Takes the bodies of PUTs; what does not become a build leaves nothing behind."""

    def __init__(
        self,
        database: Database,
        store: FolderStore,
        tickets: UploadService,
        settings: UploadSettings,
        *,
        at_once: int,
    ) -> None:
        self._database = database
        self._store = store
        self._tickets = tickets
        self._settings = settings
        self._at_once = at_once
        self._under_way = 0
        self._finishing: set[asyncio.Task[None]] = set()

    async def take(self, upload: str, token: str, announced: int | None, receive: Receive) -> None:
        """Receive one zip and queue its build.

        Args:
            announced: bytes that the client says it sends, or None.

        Raises:
            UploadForbiddenError: the URL is not valid, or no longer.
            UploadInProgressError: somebody else is sending to it.
            UploadTooLargeError: the zip has more bytes than may be.
            NoZipError: what came is no zip.
            UploadAbortedError: the client left, fell silent or was too slow.
            StorageFullError: there is no room.
            OverloadedError: too many uploads are under way.

        """
        if self._under_way >= self._at_once:
            raise OverloadedError("too many uploads are under way")
        self._under_way += 1
        try:
            await self._tickets.begin(upload, token)
            incoming = await self._receive(upload, announced, receive)
            # The whole zip is there: from here on it does not matter whether the client waits.
            await asyncio.shield(self._spawn(self._finish(upload, incoming)))
        finally:
            self._under_way -= 1

    async def close(self) -> None:
        """Wait for what is being finished."""
        await asyncio.gather(*self._finishing, return_exceptions=True)

    async def _receive(self, upload: str, announced: int | None, receive: Receive) -> Incoming:
        try:
            if announced is not None:
                await self._check(announced)
            incoming = await asyncio.to_thread(self._store.receive, upload)
        except BaseException:
            await self._give_back(upload)
            raise
        try:
            async with asyncio.timeout(self._settings.put_seconds):
                await self._write(incoming, receive)
        except TimeoutError as error:
            await self._undo(upload, incoming)
            raise UploadAbortedError("the upload took too long") from error
        except BaseException:
            await self._undo(upload, incoming)
            raise
        return incoming

    async def _check(self, announced: int) -> None:
        if announced > self._settings.max_bytes:
            raise self._too_large()
        if announced > await asyncio.to_thread(self._store.room):
            raise StorageFullError("there is no room for the upload")

    async def _write(self, incoming: Incoming, receive: Receive) -> None:
        pieces: list[bytes] = []
        gathered = 0
        async for piece in _body(receive):
            pieces.append(piece)
            gathered += len(piece)
            if incoming.size + gathered > self._settings.max_bytes:
                raise self._too_large()
            if gathered >= PIECE:
                await asyncio.to_thread(incoming.write, b"".join(pieces))
                pieces.clear()
                gathered = 0
        await asyncio.to_thread(incoming.write, b"".join(pieces))

    async def _finish(self, upload: str, incoming: Incoming) -> None:
        try:
            await asyncio.to_thread(incoming.flush)
            contents = await asyncio.to_thread(_look_into, incoming.draft)
            await asyncio.to_thread(incoming.keep)
            arrival = Arrival(upload, incoming.size, incoming.sha256, contents)
            await complete(self._database, arrival, before=UploadState.RECEIVING)
        except BaseException:
            await self._undo(upload, incoming)
            raise

    async def _undo(self, upload: str, incoming: Incoming) -> None:
        await asyncio.to_thread(incoming.discard)
        await self._give_back(upload)

    async def _give_back(self, upload: str) -> None:
        try:
            await self._tickets.abandon(upload)
        except TriremeError as error:  # the ticket then stays in use until its time is over
            log.warning("upload ticket not given back", reason=error.message)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._finishing.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._finishing.discard(task)
        with suppress(asyncio.CancelledError):
            task.exception()  # its request has it, unless the client has left

    def _too_large(self) -> UploadTooLargeError:
        return UploadTooLargeError(f"the zip is larger than {self._settings.max_bytes} bytes")


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                message = await receive()
        except TimeoutError as error:
            raise UploadAbortedError(f"nothing came for {SILENCE_SECONDS:.0f} s") from error
        if message["type"] != "http.request":
            raise UploadAbortedError("the client left before the end")
        yield message["body"]
        if not message.get("more_body"):
            return


def _look_into(path: Path) -> Contents:
    with path.open("rb") as file:
        if not is_zip(file):
            raise NoZipError("the body is no zip")
        return read_contents(file)
