"""What accompanies a running build: heartbeats, progress, and requests to cancel it."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from control_plane.builds import queue
from control_plane.builds.progress import Journal, Progress
from control_plane.builds.queue import Claim, ClaimLostError
from control_plane.db.engine import Database
from control_plane.db.errors import DatabaseUnavailableError
from converters.spec import BuildCancelledError, StageStatus
from model_repository.errors import TriremeError

logger = structlog.get_logger(__name__)
T = TypeVar("T")

BEAT_SECONDS = 0.5
"""How often a running build shows a sign of life, writes its progress and looks whether it should end."""


class RunningBuild:
    """A claimed build while this worker runs it.

    Attributes:
        cancelled: set when the build should end, for whatever reason.
        unwanted: somebody cancelled the build or removed its model.
        lost: another worker has taken the build over.
        done: set it when the build has ended.

    """

    def __init__(self, database: Database, claim: Claim) -> None:
        self.journal = Journal()
        self.cancelled = asyncio.Event()
        self.unwanted = False
        self.lost = False
        self.done = asyncio.Event()
        self._writing = asyncio.Lock()  # news are written in the order in which they came
        self._database = database
        self._claim = claim

    async def keep(self, stopping: asyncio.Event) -> None:
        """Beat until the build is done or lost."""
        while not (self.done.is_set() or self.lost):
            try:
                await self.flush()
            except ClaimLostError:
                self.lost = True
            except (DatabaseUnavailableError, SQLAlchemyError, OSError) as error:
                logger.warning("no sign of life written", build=self._claim.build_id, reason=str(error))
            if self.unwanted or self.lost or stopping.is_set():
                self.cancelled.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.done.wait(), BEAT_SECONDS)

    async def flush(self) -> None:
        """Write down what has not been written yet."""
        async with self._writing:
            news = self.journal.take()
            try:
                self.unwanted = await queue.beat(self._database, self._claim, news)
            except (DatabaseUnavailableError, SQLAlchemyError, OSError):
                self.journal.put_back(news)
                raise

    async def stage(self, name: str, work: Coroutine[Any, Any, T]) -> T:
        """Run a stage that needs no job until it ends or is cancelled, recorded like the others."""
        started = time.monotonic()

        def tell(status: StageStatus, percent: float, message: str) -> None:
            seconds = time.monotonic() - started
            line = f"{seconds:.2f} s: {message}\n"
            self.journal.put(Progress(name, status, percent, message, "", "", seconds, line))

        tell(StageStatus.RUNNING, 0, "starting")
        try:
            result = await self._unless_cancelled(work)
        except TriremeError as error:
            tell(StageStatus.FAILED, 0, error.message)
            raise
        tell(StageStatus.SUCCEEDED, 100, "done")
        return result

    async def _unless_cancelled(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self.cancelled.wait())
        try:
            await asyncio.wait((task, asked), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise BuildCancelledError("cancelled")
            return task.result()
        finally:
            asked.cancel()
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
