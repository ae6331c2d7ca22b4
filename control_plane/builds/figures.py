"""Counts and durations of all builds whose rows are kept, for metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func
from sqlmodel import col, select

from control_plane.builds.tables import Build, BuildStage
from control_plane.db.engine import Database


@dataclass(frozen=True, slots=True)
class StageFigures:
    """Stages of one name that ended in one way, or are under way.

    Attributes:
        number: of such stages.
        seconds: that they took together.

    """

    number: int
    seconds: float


@dataclass(frozen=True, slots=True)
class BuildFigures:
    """All builds of a site.

    Attributes:
        builds: their number by status.
        stages: by name and status.

    """

    builds: Mapping[str, int] = field(default_factory=dict)
    stages: Mapping[tuple[str, str], StageFigures] = field(default_factory=dict)


async def build_figures(database: Database) -> BuildFigures:
    """Two small queries.

    Raises:
        DatabaseUnavailableError: there is no database.

    """
    async with database.reading() as session:
        builds = await session.exec(select(Build.status, func.count()).group_by(col(Build.status)))
        stages = await session.exec(
            select(BuildStage.name, BuildStage.status, func.count(), func.sum(BuildStage.seconds)).group_by(
                col(BuildStage.name), col(BuildStage.status)
            )
        )
        return BuildFigures(
            {str(status): number for status, number in builds},
            {(name, status): StageFigures(number, seconds) for name, status, number, seconds in stages},
        )
