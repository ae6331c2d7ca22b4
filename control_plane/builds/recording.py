"""Writes the events of a build's stage to the database."""

from datetime import timedelta

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.builds.progress import Progress, overall_percent
from control_plane.builds.tables import Build, BuildLog, BuildStage
from control_plane.db.types import utc_now
from converters.spec import StageStatus


async def record(session: AsyncSession, build: Build, progress: Progress) -> None:
    """Bring a build and its stage up to date, and its log on.

    The build's percent never steps back: a build that is taken up again begins at its first stage, and soon
    is where it was.
    """
    assert build.id is not None
    query = select(BuildStage).where(BuildStage.build_id == build.id, BuildStage.name == progress.stage)
    stage = (await session.exec(query)).one_or_none()
    if stage is None:
        stage = BuildStage(build_id=build.id, name=progress.stage, status=progress.status)
        stage.started_at = utc_now() - timedelta(seconds=progress.seconds)
        session.add(stage)
    stage.status, stage.percent, stage.message = progress.status, progress.percent, progress.message
    stage.seconds, stage.log, stage.reproduce = progress.seconds, progress.log, progress.reproduce
    stage.finished_at = None if progress.status is StageStatus.RUNNING else utc_now()
    if progress.output:
        session.add(BuildLog(build_id=build.id, stage=progress.stage, text=progress.output))
    build.stage = progress.stage
    build.percent = max(build.percent, overall_percent(build.kind, progress))
    if not build.cancel_requested:
        build.message = progress.message
