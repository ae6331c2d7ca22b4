"""One claimed build from its first stage to the flip, or to a cause of failure that people can read."""

import asyncio
import shutil
from pathlib import Path

import structlog
from msgspec.structs import replace
from sqlalchemy.exc import SQLAlchemyError

from control_plane.builds import queue
from control_plane.builds.deployment import activate, dismiss
from control_plane.builds.patience import patiently
from control_plane.builds.progress import LOAD, PUBLISH, Progress
from control_plane.builds.queue import Claim, ClaimLostError
from control_plane.builds.rollout import publish, read_manifests, roll_out
from control_plane.builds.running import RunningBuild
from control_plane.builds.tables import BuildKind, BuildStatus
from control_plane.builds.tuning import reason_to_stay
from control_plane.db.engine import Database
from control_plane.db.errors import DatabaseUnavailableError
from control_plane.errors import JobLostError, MissingResourcesError
from control_plane.jobs import JobEngine
from control_plane.servers import Servers
from control_plane.settings import JobSettings
from control_plane.uploads.store import UploadStore
from control_plane.uploads.tables import UPLOADED
from converters.spec import BuildCancelledError, BuildSpec, ConversionError, PlanOptions
from model_repository.errors import TriremeError

logger = structlog.get_logger(__name__)

WAIT_SECONDS = 5.0
"""How long a patient build waits between two looks for a job worker that suits it."""


class BuildRunner:
    """Runs claimed builds; one object a worker process."""

    def __init__(
        self,
        database: Database,
        servers: Servers,
        *,
        uploads: UploadStore,
        engine: JobEngine,
        settings: JobSettings,
        workspaces: Path,
        plans: PlanOptions,
    ) -> None:
        self._database = database
        self._servers = servers
        self._uploads = uploads
        self._engine = engine
        self._settings = settings
        self._plans = plans
        self._workspaces = workspaces.absolute()  # log paths are stored, and other processes read them

    async def run(self, claim: Claim, stopping: asyncio.Event) -> None:
        """Run a build; returns when it has ended, or has been given back because the worker stops."""
        log = logger.bind(build=claim.build_id, model=claim.model, version=claim.number)
        log.info("build begins", kind=claim.kind, attempt=claim.attempt)
        running = RunningBuild(self._database, claim)
        workspace = self._workspaces / str(claim.build_id)
        keeper = asyncio.create_task(running.keep(stopping))
        try:
            log.info(await self._stages(claim, running, workspace))
            await asyncio.to_thread(shutil.rmtree, workspace, ignore_errors=True)
        except (TriremeError, SQLAlchemyError) as error:
            log.warning("build ends early", reason=str(error))
            await self._settle(claim, running, error, stopping=stopping.is_set())
        except Exception as error:  # the boundary of a build: what nobody foresaw fails this one only
            log.exception("build failed unexpectedly")
            unexpected = TriremeError(f"unexpected {type(error).__name__}", hint="See the worker's log.")
            await self._settle(claim, running, unexpected, stopping=False)
        finally:
            running.done.set()
            await keeper

    async def _settle(self, claim: Claim, running: RunningBuild, error: Exception, *, stopping: bool) -> None:
        """Write down how a build ended that did not succeed."""
        try:
            await running.flush()
            match error:
                case TriremeError() if running.unwanted:  # it may have lost its upload to whoever removed it
                    await queue.end(self._database, claim, BuildStatus.CANCELLED, error.message)
                case JobLostError():
                    losses = self._settings.max_losses
                    await queue.lose(self._database, claim, error.message, max_losses=losses)
                case MissingResourcesError() if claim.patient:
                    await queue.put_off(self._database, claim, error.message, seconds=WAIT_SECONDS)
                case BuildCancelledError() if stopping:
                    await queue.give_back(self._database, claim)
                case BuildCancelledError():
                    await queue.end(self._database, claim, BuildStatus.CANCELLED, error.message)
                case DatabaseUnavailableError():
                    raise error
                case TriremeError():
                    await queue.end(self._database, claim, BuildStatus.FAILED, error.message, error.hint)
        except (ClaimLostError, DatabaseUnavailableError, SQLAlchemyError, OSError) as failure:
            # Another worker has the build, or will take it up when this one's lease has run out.
            logger.warning("build left behind", build=claim.build_id, reason=str(failure))

    async def _stages(self, claim: Claim, running: RunningBuild, workspace: Path) -> str:
        """Run what the build needs; what has come of it."""
        manifests = claim.manifests if claim.loading else ()
        if not manifests:
            entries = await self._engine.run(
                self._spec(claim, archive=await self._archive(claim, workspace)),
                workspace,
                attempt=claim.attempt,
                report=lambda event: running.journal.put(Progress.of(event)),
                cancelled=running.cancelled,
            )
            manifests = await asyncio.to_thread(read_manifests, entries)
            if claim.kind is BuildKind.TUNE and (
                remark := await reason_to_stay(self._database, claim, manifests)
            ):
                await running.flush()
                await dismiss(self._database, claim, manifests, remark)
                return "version in service stays"
            storage = self._servers.storage
            await running.stage(PUBLISH, publish(self._database, storage, claim, entries, manifests))
        await running.stage(LOAD, roll_out(self._servers, manifests))
        await running.flush()
        await activate(self._database, claim)
        return "version in service"

    async def _archive(self, claim: Claim, workspace: Path) -> str:
        """Path of the zip that the version is made of, or an empty string where it is made of none."""
        upload = claim.source.removeprefix(UPLOADED)
        if upload == claim.source:
            return ""
        try:
            return str(await patiently(self._uploads.fetch, upload, workspace))
        except FileNotFoundError as error:
            raise ConversionError(
                "the uploaded zip is no longer there", hint="Upload the model again."
            ) from error

    def _spec(self, claim: Claim, *, archive: str) -> BuildSpec:
        return BuildSpec(
            build_id=str(claim.build_id),
            owner=claim.owner,
            name=claim.model,
            version=claim.number,
            source=claim.source,
            sha256=claim.sha256,
            archive=archive,
            tasks=claim.tasks,
            plans=replace(self._plans, targets=claim.targets or self._plans.targets),
            threads=self._settings.threads,
            memory_bytes=self._settings.memory_bytes,
            packing=self._settings.packing,
            int8_worth=self._settings.int8_worth,
            stage_seconds=self._settings.stage_seconds,
            sandbox=self._settings.sandbox,
            packages=self._settings.packages,
            resources={**self._settings.resources, **claim.resources},
        )
