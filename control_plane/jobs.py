"""The job engine: conversions on dask, in this process or on a cluster. What must last stands in SQL."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog
from distributed import Client, Event, Future, KilledWorker, SpecCluster
from distributed.client import CancelledError as FutureCancelledError

from control_plane.cluster import security
from control_plane.errors import JobError, JobLostError, MissingResourcesError
from control_plane.job import JobResult, mark, run_job
from control_plane.local_cluster import start_local_cluster
from control_plane.settings import JobSettings
from converters.spec import BuildCancelledError, BuildSpec, ConversionError, Report, StageEvent

logger = structlog.get_logger(__name__)

CANCEL_SECONDS = 30.0
"""Time that a cancelled job has to end its child processes."""

WATCH_SECONDS = 5.0
"""How often a running job's scheduler is asked for its workers."""

ABSENCE_SECONDS = 60.0
"""How long a job waits for a worker when the last one has gone."""


class JobEngine:
    """Runs conversions; one object a worker process.

    Attributes:
        complaint: why no build can be run now, or an empty string.

    """

    def __init__(self, settings: JobSettings) -> None:
        self._settings = settings
        self._cluster: SpecCluster | None = None
        self._client: Client | None = None
        self.complaint = ""

    async def start(self) -> None:
        """Connect to the scheduler, or start one in this process.

        Raises:
            JobError: the scheduler does not answer, or its settings make no sense.

        """
        address: Any = self._settings.scheduler
        if address is None:
            address = self._cluster = await start_local_cluster(
                self._settings.concurrent_builds, self._settings.offers
            )
        try:
            certificates = security(self._settings)
        except OSError as error:
            raise JobError(f"a certificate of the job scheduler cannot be read: {error}") from error
        client = Client(address, asynchronous=True, set_as_default=False, security=certificates, timeout=10)
        try:
            await client
        except (OSError, TimeoutError, ValueError, TypeError) as error:
            await client.close()
            raise JobError(
                f"the job scheduler {self._settings.scheduler} cannot be reached: {error}",
                hint="It is tcp://HOST:PORT, or tls://HOST:PORT together with the three TLS files.",
            ) from error
        self._client = client

    async def close(self) -> None:
        """Disconnect; jobs of a scheduler in this process end."""
        if self._client is not None:
            await self._client.close()
        if self._cluster is not None:
            await self._cluster.close()
        self._client = self._cluster = None

    async def ready(self) -> bool:
        """Whether there is a scheduler with at least one worker; a lost connection is made anew."""
        if self._client is None or self._client.status != "running":
            await self.close()
            try:
                await self.start()
            except JobError as error:
                self._complain(error.message)
                return False
        ready = bool(await self._workers())
        self._complain("" if ready else "the job scheduler has no workers")
        return ready

    async def run(
        self, spec: BuildSpec, workspace: Path, *, attempt: int, report: Report, cancelled: asyncio.Event
    ) -> list[Path]:
        """Run a conversion to its end.

        Args:
            workspace: the build's folder, under the same path on every job worker.
            attempt: part of the job's key: a job of an earlier attempt is never mistaken for this one.
            report: called in this event loop for every event of the build.
            cancelled: set it to end the build; the call then returns within `CANCEL_SECONDS`.

        Returns:
            Folders of the finished entries.

        Raises:
            ConversionError: the build cannot go on.
            BuildCancelledError: `cancelled` was set.
            JobLostError: the job went down with its worker or scheduler; submit it again.
            MissingResourcesError: no worker offers the resources that are asked for.

        """
        client = self._client
        if client is None:
            raise JobLostError("the job engine is not running")
        await self._check_resources(spec.resources)
        key = f"build-{spec.build_id}-{attempt}"
        await asyncio.to_thread(mark, workspace, key)
        client.subscribe_topic(key, lambda event: report(msgspec.convert(event[1]["event"], StageEvent)))
        future = client.submit(
            run_job,
            spec,
            str(workspace),
            key,
            key=key,
            pure=False,
            resources=spec.resources or None,
        )
        stop = Event(key, client=client)
        try:
            result = await self._result(future, stop, cancelled)
        finally:
            if client.status == "running":
                client.unsubscribe_topic(key)
                await future.cancel(force=True)
        if result.error is None:
            return [Path(entry) for entry in result.entries]
        if result.cancelled:
            if cancelled.is_set():
                raise BuildCancelledError(result.error)
            raise JobLostError("the job lost its scheduler")
        raise ConversionError(result.error, hint=result.hint)

    async def _result(self, future: Future, stop: Event, cancelled: asyncio.Event) -> JobResult:
        answer = asyncio.ensure_future(future.result())
        asked = asyncio.ensure_future(cancelled.wait())
        try:
            await self._watch(answer, asked)
            if not answer.done():
                await stop.set()
                await asyncio.wait((answer,), timeout=CANCEL_SECONDS)
            if not answer.done():
                raise BuildCancelledError("cancelled; the job did not end in time")
            result: JobResult = answer.result()
            await stop.clear()
        except KilledWorker as error:
            raise JobLostError(
                "every worker that ran the job died", hint="Memory may be short: see the workers' logs."
            ) from error
        except (FutureCancelledError, OSError) as error:
            raise JobLostError("the job was lost with its scheduler") from error
        finally:
            answer.cancel()
            asked.cancel()
        return result

    async def _watch(self, *ends: asyncio.Future[Any]) -> None:
        """Wait for one of them; without any worker dask would let the job wait for ever."""
        clock = asyncio.get_running_loop().time
        seen = clock()
        while not any(end.done() for end in ends):
            await asyncio.wait(ends, timeout=WATCH_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if await self._workers():
                seen = clock()
            elif clock() - seen > ABSENCE_SECONDS:
                raise JobLostError("no job worker is left")

    async def _check_resources(self, needed: Mapping[str, float]) -> None:
        """Dask would wait for ever for a resource that nobody offers."""
        offers = [worker.get("resources", {}) for worker in (await self._workers()).values()]
        if offers and not any(all(offer.get(tag, 0) >= needed[tag] for tag in needed) for offer in offers):
            wanted = ", ".join(f"{tag}={amount:g}" for tag, amount in needed.items())
            raise MissingResourcesError(
                f"no job worker offers {wanted}",
                hint="Start one on a host that has it (`trireme worker --gpu 1`), or let the build wait.",
            )

    def _complain(self, reason: str) -> None:
        if reason not in ("", self.complaint):
            logger.warning("no build can run", reason=reason)
        self.complaint = reason

    async def _workers(self) -> Mapping[str, Any]:
        assert self._client is not None
        try:
            identity: Mapping[str, Any] = await self._client.scheduler.identity(n_workers=-1)
        except (OSError, TimeoutError):
            return {}
        workers: Mapping[str, Any] = identity["workers"]
        return workers
