"""Builds as people see them: look, read the log, cancel."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.tables import Account
from control_plane.builds.schemas import BuildSummary, StageSummary
from control_plane.builds.tables import UNFINISHED, Build, BuildStage, BuildStatus
from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.errors import BuildNotFoundError
from control_plane.models.tables import Model, Version, VersionState
from control_plane.routers.service import touch_unless_served
from model_repository.layout import GLOBAL_OWNER

_SELECT = (
    select(Build, Model.name, Account.name, Version.number)
    .join(Model, col(Build.model_id) == Model.id)
    .join(Version, col(Build.version_id) == Version.id)
    .outerjoin(Account, col(Model.owner_id) == Account.id)
    .order_by(col(Build.id).desc())
)


class BuildService:
    """Reads and cancels builds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, build_id: int) -> BuildSummary:
        """One build with its stages.

        Raises:
            BuildNotFoundError: no such build.

        """
        async with self._database.reading() as session:
            found = await _summaries(session, (await session.exec(_SELECT.where(Build.id == build_id))).all())
        if not found:
            raise BuildNotFoundError(f"build {build_id} not found")
        return found[0]

    async def list(self, *, limit: int = 100) -> list[BuildSummary]:
        """The newest builds, newest first."""
        async with self._database.reading() as session:
            return await _summaries(session, (await session.exec(_SELECT.limit(limit))).all())

    async def latest(self, account_id: int | None, model: str) -> BuildSummary | None:
        """The newest build of a model (`account_id` None: a built-in one), or None where there is none."""
        owned = Model.owner_id == account_id if account_id is not None else col(Model.owner_id).is_(None)
        query = _SELECT.where(owned, Model.name == model, col(Model.deleted_at).is_(None)).limit(1)
        async with self._database.reading() as session:
            found = await _summaries(session, (await session.exec(query)).all())
        return found[0] if found else None

    async def cancel(self, build_id: int) -> None:
        """End a build: at once if it waits, within moments if it runs; nothing happens to a finished one.

        Raises:
            BuildNotFoundError: no such build.

        """
        async with self._database.session() as session:
            build = await session.get(Build, build_id, with_for_update=True)
            if build is None:
                raise BuildNotFoundError(f"build {build_id} not found")
            await cancel_build(session, build, "cancelled")
            await touch_unless_served(session, build.model_id)

    async def read_log(self, build_id: int, stage: str) -> str:
        """Text of a stage's log, empty where nothing has been written yet.

        Raises:
            BuildNotFoundError: no such build, or it has not come to this stage.

        """
        async with self._database.reading() as session:
            path = (
                await session.exec(
                    select(BuildStage.log).where(BuildStage.build_id == build_id, BuildStage.name == stage)
                )
            ).one_or_none()
        if path is None:
            raise BuildNotFoundError(f"build {build_id} has no stage {stage}")
        return await asyncio.to_thread(_read, path)


async def cancel_build(session: AsyncSession, build: Build, reason: str) -> None:
    """Cancel within a transaction; a running build is ended by the worker that has it."""
    if build.status is BuildStatus.RUNNING:
        build.cancel_requested, build.message = True, reason
    elif build.status is BuildStatus.QUEUED:
        build.status, build.message, build.finished_at = BuildStatus.CANCELLED, reason, utc_now()
        version = await session.get(Version, build.version_id)
        if version is not None and version.state in (VersionState.BUILDING, VersionState.LOADING):
            version.state = VersionState.FAILED if version.activated_at is None else VersionState.RETIRED


async def cancel_builds_of(session: AsyncSession, model_id: int, reason: str) -> None:
    """Cancel all unfinished builds of a model."""
    unfinished = select(Build).where(Build.model_id == model_id, col(Build.status).in_(UNFINISHED))
    for build in (await session.exec(unfinished.with_for_update())).all():
        await cancel_build(session, build, reason)


async def _summaries(
    session: AsyncSession, rows: Iterable[tuple[Build, str, str | None, int]]
) -> list[BuildSummary]:
    rows = list(rows)
    stages = defaultdict(list)
    begun = select(BuildStage).where(col(BuildStage.build_id).in_([build.id for build, *_ in rows]))
    for stage in await session.exec(begun.order_by(col(BuildStage.id))):
        stages[stage.build_id].append(_stage(stage))
    return [
        BuildSummary(
            id=build.id,
            model=model,
            owner=owner or GLOBAL_OWNER,
            version=version,
            kind=build.kind,
            status=build.status,
            stage=build.stage,
            percent=build.percent,
            message=build.message,
            hint=build.hint,
            attempt=build.attempt,
            created_at=build.created_at,
            started_at=build.started_at,
            finished_at=build.finished_at,
            stages=tuple(stages[build.id]),
        )
        for build, model, owner, version in rows
        if build.id is not None
    ]


def _stage(stage: BuildStage) -> StageSummary:
    return StageSummary(
        name=stage.name,
        status=stage.status,
        percent=stage.percent,
        message=stage.message,
        seconds=stage.seconds,
        log=stage.log,
        reproduce=stage.reproduce,
        started_at=stage.started_at,
        finished_at=stage.finished_at,
    )


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except FileNotFoundError:
        return ""
