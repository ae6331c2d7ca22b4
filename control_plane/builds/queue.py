"""Builds as workers handle them: owned by their attempt number, written to only while it holds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.tables import Account
from control_plane.builds.progress import Progress
from control_plane.builds.recording import record
from control_plane.builds.tables import Build, BuildKind, BuildStatus
from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.models.tables import Model, Version, VersionState
from control_plane.routers.service import touch_unless_served
from model_repository.errors import TriremeError
from model_repository.layout import GLOBAL_OWNER
from model_repository.manifest import Manifest, Task


class ClaimLostError(TriremeError):
    """Another worker has taken the build over."""

    code = "claim_lost"


@dataclass(frozen=True, slots=True)
class Claim:
    """A build that this worker owns, with all that running it needs.

    Attributes:
        manifests: of a version that has been published already, else none.
        loading: the version is published and only has to be loaded.
        resources: what its conversion needs of a job worker.
        patient: it waits for such a worker.

    """

    build_id: int
    attempt: int
    kind: BuildKind
    owner: str
    model: str
    number: int
    source: str
    sha256: str | None
    tasks: tuple[Task, ...]
    targets: tuple[str, ...]
    manifests: tuple[Manifest, ...]
    loading: bool
    resources: Mapping[str, float]
    patient: bool


async def claim(
    database: Database, *, lease_seconds: float, max_losses: int, besides: Collection[int] = ()
) -> Claim | None:
    """Take the oldest build that waits or whose worker has been silent for longer than its lease.

    A build that has lost its worker too often fails here.

    Args:
        besides: ids of builds to leave alone: those that the caller itself has not let go of yet.

    """
    while True:
        async with database.session() as session:
            build = await _next(session, lease_seconds, besides)
            if build is None:
                return None
            if build.status is BuildStatus.RUNNING:
                build.losses += 1
                if build.losses >= max_losses:
                    await _end(session, build, BuildStatus.FAILED, _lost(build.losses), "")
                    continue
            build.status, build.attempt = BuildStatus.RUNNING, build.attempt + 1
            build.heartbeat_at = utc_now()
            build.started_at = build.started_at or build.heartbeat_at
            return await _claim(session, build)


async def beat(database: Database, claim: Claim, news: list[Progress]) -> bool:
    """Show a sign of life and write down what has happened since the last one.

    Returns:
        whether somebody wants the build to end.

    Raises:
        ClaimLostError: another worker owns it now.

    """
    async with database.session() as session:
        build = await owned(session, claim)
        build.heartbeat_at = utc_now()
        for progress in news:
            await record(session, build, progress)
        return build.cancel_requested


async def give_back(database: Database, claim: Claim) -> None:
    """Let another worker, or this one after a restart, go on with the build."""
    async with database.session() as session:
        (await owned(session, claim)).status = BuildStatus.QUEUED


async def put_off(database: Database, claim: Claim, reason: str, *, seconds: float) -> None:
    """Let a build wait for so long before somebody takes it up again."""
    async with database.session() as session:
        build = await owned(session, claim)
        build.status, build.not_before = BuildStatus.QUEUED, utc_now() + timedelta(seconds=seconds)
        build.message = build.message if build.cancel_requested else reason


async def explain(database: Database, reason: str) -> None:
    """Say in all builds that wait why none of them is taken up."""
    silent = select(Build).where(Build.status == BuildStatus.QUEUED, col(Build.message) != reason)
    async with database.reading() as session:
        if (await session.exec(silent.limit(1))).first() is None:
            return
    async with database.session() as session:
        for build in await session.exec(silent.with_for_update()):
            build.message = reason


async def lose(database: Database, claim: Claim, reason: str, *, max_losses: int) -> None:
    """Queue a build again whose job was lost; it fails when that has happened too often."""
    async with database.session() as session:
        build = await owned(session, claim)
        build.losses += 1
        if build.losses >= max_losses:
            await _end(session, build, BuildStatus.FAILED, f"{reason}; {_lost(build.losses)}", "")
        else:
            build.status, build.message = BuildStatus.QUEUED, reason


async def end(database: Database, claim: Claim, status: BuildStatus, message: str, hint: str = "") -> None:
    """Finish a build without success; the version that serves is not touched."""
    async with database.session() as session:
        build = await owned(session, claim)
        if status is BuildStatus.CANCELLED:
            message = build.message if build.cancel_requested else message
        await _end(session, build, status, message, hint)


async def owned(session: AsyncSession, claim: Claim) -> Build:
    """The build's row, locked.

    Raises:
        ClaimLostError: another worker owns it now.

    """
    query = select(Build).where(
        Build.id == claim.build_id, Build.attempt == claim.attempt, Build.status == BuildStatus.RUNNING
    )
    build = (await session.exec(query.with_for_update())).one_or_none()
    if build is None:
        raise ClaimLostError(f"build {claim.build_id} was taken over by another worker")
    return build


async def _next(session: AsyncSession, lease_seconds: float, besides: Collection[int]) -> Build | None:
    silent = utc_now() - timedelta(seconds=lease_seconds)
    due = col(Build.not_before).is_(None) | (col(Build.not_before) <= utc_now())
    waiting = (col(Build.status) == BuildStatus.QUEUED) & due
    abandoned = (col(Build.status) == BuildStatus.RUNNING) & (col(Build.heartbeat_at) < silent)
    query = select(Build).where(waiting | abandoned, col(Build.id).not_in(besides)).order_by(col(Build.id))
    return (await session.exec(query.limit(1).with_for_update(skip_locked=True))).one_or_none()


async def _claim(session: AsyncSession, build: Build) -> Claim:
    version = await session.get_one(Version, build.version_id)
    model = await session.get_one(Model, build.model_id)
    owner = await session.get_one(Account, model.owner_id) if model.owner_id is not None else None
    assert build.id is not None
    return Claim(
        build_id=build.id,
        attempt=build.attempt,
        kind=build.kind,
        owner=owner.name if owner else GLOBAL_OWNER,
        model=model.name,
        number=version.number,
        source=version.source,
        sha256=version.sha256,
        tasks=version.tasks,
        targets=version.targets,
        manifests=version.manifests or (),
        loading=version.state is VersionState.LOADING,
        resources=version.resources,
        patient=build.patient,
    )


async def _end(session: AsyncSession, build: Build, status: BuildStatus, message: str, hint: str) -> None:
    build.status, build.message, build.hint, build.finished_at = status, message, hint, utc_now()
    version = await session.get_one(Version, build.version_id)
    if version.state in (VersionState.BUILDING, VersionState.LOADING):
        version.state = VersionState.RETIRED if build.kind is BuildKind.ACTIVATE else VersionState.FAILED
    await touch_unless_served(session, build.model_id)


def _lost(losses: int) -> str:
    return f"the build lost its worker {losses} times"
