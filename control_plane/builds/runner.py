"""One claimed build from its first stage to the flip, or to a cause of failure that people can read."""

import asyncio
import shutil
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from control_plane.builds import queue
from control_plane.builds.deployment import activate
from control_plane.builds.progress import LOAD, PUBLISH, Journal, Progress
from control_plane.builds.queue import Claim, ClaimLostError
from control_plane.builds.rollout import publish, roll_out
from control_plane.builds.tables import BuildStatus
from control_plane.db.engine import Database
from control_plane.errors import JobLostError
from control_plane.jobs import JobEngine
from control_plane.servers import Servers
from control_plane.settings import JobSettings
from converters.spec import BuildCancelledError, BuildSpec, StageStatus
from model_repository.errors import TriremeError

logger = structlog.get_logger(__name__)
T = TypeVar("T")

BEAT_SECONDS = 0.5
"""How often a running build shows a sign of life, writes its progress and looks whether it should end."""


class BuildRunner:
    """Runs claimed builds; one object a worker process."""

    def __init__(
        self, database: Database, servers: Servers, engine: JobEngine, settings: JobSettings, workspaces: Path
    ) -> None:
        self._database = database
        self._servers = servers
        self._engine = engine
        self._settings = settings
        self._workspaces = workspaces

    async def run(self, claim: Claim, stopping: asyncio.Event) -> None:
        """Run a build; returns when it has ended, or has been given back because the worker stops."""
        log = logger.bind(build=claim.build_id, model=claim.model, version=claim.number)
        log.info("build begins", kind=claim.kind, attempt=claim.attempt)
        run = _Run(self._database, claim)
        keeper = asyncio.create_task(run.keep(stopping))
        try:
            await self._stages(claim, run)
            log.info("version in service")
        except ClaimLostError as error:
            log.warning("build given up", reason=error.message)
        except BuildCancelledError as error:
            if run.wanted_gone or not stopping.is_set():
                await self._end(claim, run, BuildStatus.CANCELLED, error)
            elif not run.lost:
                await queue.give_back(self._database, claim)
            log.info("build ended early", wanted=run.wanted_gone, stopping=stopping.is_set())
        except JobLostError as error:
            log.warning("job lost", reason=error.message)
            await queue.lose(self._database, claim, error.message, max_losses=self._settings.max_losses)
        except TriremeError as error:
            log.warning("build failed", reason=error.message)
            await self._end(claim, run, BuildStatus.FAILED, error)
        finally:
            run.done.set()
            await keeper

    async def _stages(self, claim: Claim, run: "_Run") -> None:
        workspace = self._workspaces / str(claim.build_id)
        manifests = claim.manifests if claim.loading else ()
        if not manifests:
            entries = await self._engine.run(
                self._spec(claim),
                workspace,
                attempt=claim.attempt,
                report=lambda event: run.journal.put(Progress.of(event)),
                cancelled=run.cancelled,
            )
            manifests = await run.stage(
                PUBLISH, workspace, publish(self._database, self._servers.storage, claim, entries)
            )
        await run.stage(LOAD, workspace, roll_out(self._servers, manifests))
        await run.flush()
        await activate(self._database, claim, manifests)
        await asyncio.to_thread(_tidy, workspace)

    def _spec(self, claim: Claim) -> BuildSpec:
        return BuildSpec(
            build_id=str(claim.build_id),
            owner=claim.owner,
            name=claim.model,
            version=claim.number,
            source=claim.source,
            sha256=claim.sha256,
            tasks=claim.tasks,
            threads=self._settings.threads,
            memory_bytes=self._settings.memory_bytes,
            stage_seconds=self._settings.stage_seconds,
        )

    async def _end(self, claim: Claim, run: "_Run", status: BuildStatus, error: TriremeError) -> None:
        await run.flush()
        await queue.end(self._database, claim, status, error.message, error.hint)


class _Run:
    """What happens beside the stages: signs of life, progress, and the wish to end."""

    def __init__(self, database: Database, claim: Claim) -> None:
        self.journal = Journal()
        self.cancelled = asyncio.Event()
        self.wanted_gone = False
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
            except SQLAlchemyError as error:
                logger.warning("no sign of life written", build=self._claim.build_id, reason=str(error))
            if self.wanted_gone or self.lost or stopping.is_set():
                self.cancelled.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.done.wait(), BEAT_SECONDS)

    async def flush(self) -> None:
        """Write down what has not been written yet."""
        async with self._writing:
            self.wanted_gone = await queue.beat(self._database, self._claim, self.journal.take())

    async def stage(self, name: str, workspace: Path, work: Coroutine[Any, Any, T]) -> T:
        """Run a stage that needs no job until it ends or is cancelled, recorded like the others."""
        path = workspace / "logs" / f"{name}.log"
        started = time.monotonic()

        def tell(status: StageStatus, percent: float, message: str) -> None:
            seconds = time.monotonic() - started
            self.journal.put(Progress(name, status, percent, message, str(path), "", seconds))
            _write_line(path, f"{seconds:.2f} s: {message}")

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


def _write_line(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(line + "\n")


def _tidy(workspace: Path) -> None:
    """Drop what a finished build no longer needs; its logs stay."""
    for child in workspace.iterdir():
        if child.is_dir() and child.name != "logs":
            shutil.rmtree(child, ignore_errors=True)
