"""Runs conversions for a dask scheduler on another host; it needs the data folder and no database."""

import asyncio

import dask.config
import structlog
from distributed import Worker

from control_plane.cluster import security
from control_plane.errors import JobError
from control_plane.local_cluster import NO_HTTP, NO_PAGES
from control_plane.settings import JobSettings

logger = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
"""Seconds before the first try to join again and, doubling, between the last ones."""

JOIN_SECONDS = 10.0


class JobWorker:
    """Joins the scheduler, and joins again when it was lost: dask's own workers would end then."""

    def __init__(self, settings: JobSettings) -> None:
        """Prepare to join `settings.scheduler`.

        Raises:
            JobError: there is none.

        """
        if settings.scheduler is None:
            raise JobError(
                "a job worker needs a scheduler", hint="Set jobs.scheduler, such as tls://scheduler:8786."
            )
        self._settings = settings

    async def run(self) -> None:
        """Work until the task is cancelled; jobs under way then end with their processes."""
        pause = FIRST_PAUSE
        while True:
            try:
                async with asyncio.timeout(JOIN_SECONDS):
                    worker = await self._join()
            except (OSError, TimeoutError, ValueError, TypeError) as error:
                logger.warning("scheduler not reached", scheduler=self._settings.scheduler, cause=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            logger.info("joined", scheduler=self._settings.scheduler, offers=self._settings.offers)
            try:
                await worker.finished()
            finally:
                await worker.close()
            logger.warning("scheduler lost", scheduler=self._settings.scheduler)

    async def _join(self) -> Worker:
        with dask.config.set(NO_PAGES):
            return await Worker(
                self._settings.scheduler,
                nthreads=self._settings.concurrent_builds,
                memory_limit=0,  # memory is limited for each stage in its own process
                resources=self._settings.offers,
                security=security(self._settings),
                death_timeout=JOIN_SECONDS,
                **NO_HTTP,
            )
