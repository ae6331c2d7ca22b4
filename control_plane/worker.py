"""The worker process: runs builds, keeps Triton right and retires old versions, until it is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from control_plane.builds import pruning, queue
from control_plane.builds.queue import Claim
from control_plane.builds.runner import BuildRunner
from control_plane.db.engine import Database
from control_plane.deployments.watcher import CanaryWatcher
from control_plane.jobs import JobEngine
from control_plane.reconciler import Reconciler
from control_plane.retirement import Retirement
from control_plane.servers import Servers
from control_plane.settings import JobSettings
from control_plane.uploads.store import UploadStore
from control_plane.uploads.sweeping import UploadSweeper
from converters.spec import NO_PLANS, PlanOptions
from model_repository.errors import ServerUnavailableError, TriremeError
from model_repository.nodes import Node
from model_repository.storage import Storage

logger = structlog.get_logger(__name__)

POLL_SECONDS = 0.5
"""How often a worker looks for a build to run: somebody waits for it."""

SWEEP_SECONDS = 1.0
"""How often it looks for what clients do not wait for; each look costs milliseconds that models could use."""


class Worker:
    """Everything that changes deployments. Several may share a database; each build is run by one of them."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        *,
        triton_urls: Sequence[str],
        settings: JobSettings,
        workspaces: Path,
        uploads: UploadStore,
        plans: PlanOptions = NO_PLANS,
    ) -> None:
        self._database = database
        self._storage = storage
        self._urls = triton_urls
        self._settings = settings
        self._workspaces = workspaces
        self._plans = plans
        self._uploads = uploads

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Work until `stop` is set or the task is cancelled.

        Builds under way are then given back, and go on after the next start.
        """
        stop = stop or asyncio.Event()
        work = asyncio.ensure_future(self._work(stop))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            stop.set()
            await work
            raise

    async def _work(self, stop: asyncio.Event) -> None:
        node = Node.parse(self._plans.servers) if self._plans.servers else None
        servers = Servers(self._urls, self._storage, node)
        engine = JobEngine(self._settings)
        runner = BuildRunner(
            self._database,
            servers,
            uploads=self._uploads,
            engine=engine,
            settings=self._settings,
            workspaces=self._workspaces,
            plans=self._plans,
        )
        retirement = Retirement(self._database, servers)
        reconcilers = [Reconciler(self._database, servers, client) for client in servers.clients]
        kept = self._settings.kept_workspaces
        pauses = {
            retirement.sweep: SWEEP_SECONDS,
            CanaryWatcher(self._database).sweep: SWEEP_SECONDS,
            UploadSweeper(self._database, self._uploads).sweep: SWEEP_SECONDS,
            pruning.Pruning(self._database, self._workspaces, kept=kept).sweep: pruning.PAUSE_SECONDS,
            **{reconciler.sweep: SWEEP_SECONDS for reconciler in reconcilers},
        }
        try:
            async with asyncio.TaskGroup() as group:
                sweepers = [group.create_task(_repeat(*each, stop)) for each in pauses.items()]
                await self._build(engine, runner, stop)
                for sweeper in sweepers:
                    sweeper.cancel()
        finally:
            await engine.close()
            await servers.close()

    async def _build(self, engine: JobEngine, runner: BuildRunner, stop: asyncio.Event) -> None:
        """Claim and run builds, as many at a time as configured, until told to stop; then wait for them."""
        under_way: dict[int, asyncio.Task[None]] = {}

        async def run(claim: Claim) -> None:
            try:
                await runner.run(claim, stop)
            finally:
                del under_way[claim.build_id]

        async def fill() -> None:
            while len(under_way) < self._settings.concurrent_builds:
                if not await engine.ready():
                    await queue.explain(self._database, engine.complaint)
                    return
                claim = await queue.claim(
                    self._database,
                    lease_seconds=self._settings.lease_seconds,
                    max_losses=self._settings.max_losses,
                    besides=under_way.keys(),
                )
                if claim is None:
                    return
                under_way[claim.build_id] = asyncio.create_task(run(claim))

        await _repeat(fill, POLL_SECONDS, stop)
        if under_way:
            await asyncio.wait(under_way.values())


async def _repeat(work: Callable[[], Awaitable[None]], pause: float, stop: asyncio.Event) -> None:
    """Do a piece of work over and over; a database or a Triton that is away for a while is waited for."""
    while not stop.is_set():
        try:
            await work()
        except ServerUnavailableError:
            logger.debug("Triton is away")
        except (TriremeError, SQLAlchemyError, OSError) as error:
            logger.warning("work put off", work=work.__qualname__, reason=str(error))
        try:
            await asyncio.wait_for(stop.wait(), pause)
        except TimeoutError:
            continue
