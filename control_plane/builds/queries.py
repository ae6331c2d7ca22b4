"""Queries about builds that more than one place asks."""

from collections import defaultdict
from collections.abc import Iterable

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.tables import Account
from control_plane.builds.schemas import BuildSummary, StageSummary
from control_plane.builds.tables import Build, BuildStage
from control_plane.models.tables import Model, Version
from model_repository.layout import GLOBAL_OWNER

BUILDS = (
    select(Build, Model.name, Account.name, Version.number)
    .join(Model, col(Build.model_id) == Model.id)
    .join(Version, col(Build.version_id) == Version.id)
    .outerjoin(Account, col(Model.owner_id) == Account.id)
    .order_by(col(Build.id).desc())
)
"""Builds with the names of their models and owners and the numbers of their versions, newest first."""


async def build_summaries(
    session: AsyncSession, rows: Iterable[tuple[Build, str, str | None, int]]
) -> list[BuildSummary]:
    """What people see of rows of `BUILDS`."""
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
