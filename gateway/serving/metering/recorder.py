"""Writes usage to the database: a bounded queue, emptied in batches by one task.

While the database is away they wait, and beyond the bound they are dropped and counted. Charges are never
dropped: a call that has one reserved its budget in SQL, so there are no more of them than calls in progress.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import structlog

from control_plane.usage.records import Charge, Ended, UsageRecord
from gateway.serving.metering.settings import UsageSettings

BATCH = 500
WRITE_SECONDS = 30.0
"""A database that takes longer counts as away."""
RETRY_SECONDS = 1.0
FLUSH_SECONDS = 5.0
"""How long an orderly stop waits for what is left to be written."""
Write = Callable[[Sequence[Ended]], Awaitable[None]]
"""Writes ended calls, all or none; the same calls may come again after a failure."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Waiting:
    call: Ended
    charged: asyncio.Future[None] | None


class Recorder:
    """The one task that writes what calls used.

    Attributes:
        dropped: records that found no room.

    """

    def __init__(self, write: Write, settings: UsageSettings) -> None:
        self._write = write
        self._bound = settings.queue
        self._interval = settings.interval
        self._waiting: deque[_Waiting] = deque()
        self._records = 0
        self._urgent = asyncio.Event()
        self._stopping = False
        self._failing = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def failing(self) -> str:
        """What to tell operators while nothing can be written; otherwise empty."""
        if not self._failing:
            return ""
        return f"usage cannot be written: {len(self)} calls wait, {self.dropped} have been dropped"

    def put(self, record: UsageRecord | None, charge: Charge | None) -> asyncio.Future[None] | None:
        """Take over a call that has ended; never waits.

        Returns:
            something to wait for until the charge has been taken; None where there is none.

        """
        if record is not None and self._records >= self._bound:
            self.dropped += 1
            record = None
        if record is None and charge is None:
            return None
        charged = None if charge is None else asyncio.get_running_loop().create_future()
        self._records += record is not None
        self._waiting.append(_Waiting(Ended(record, charge), charged))
        if charged is not None:
            self._urgent.set()
        return charged

    async def run(self) -> None:
        """Write until `stop`, then what is left."""
        while not self._stopping:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._urgent.wait(), self._interval)
            self._urgent.clear()
            if not await self._write_all() and not self._stopping:
                await asyncio.sleep(RETRY_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._write_all()
        if self._waiting:
            log.error("usage lost at the stop", calls=len(self))

    def stop(self) -> None:
        """End `run`."""
        self._stopping = True
        self._urgent.set()

    async def _write_all(self) -> bool:
        """Write batch after batch; False when the database does not let."""
        while self._waiting:
            batch = list(islice(self._waiting, BATCH))
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await self._write([each.call for each in batch])
            except Exception as error:  # noqa: BLE001 - whatever ails the database, calls are served without it
                if not self._failing:
                    log.warning("usage cannot be written", cause=str(error) or type(error).__name__)
                self._failing = True
                return False
            self._done(batch)
        if self._failing:
            log.info("usage is written again", dropped=self.dropped)
        self._failing = False
        return True

    def _done(self, batch: Sequence[_Waiting]) -> None:
        for each in batch:
            self._waiting.popleft()
            self._records -= each.call.record is not None
            if each.charged is not None and not each.charged.done():
                each.charged.set_result(None)
