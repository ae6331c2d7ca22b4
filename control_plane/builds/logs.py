"""Logs of builds as people read them: what the stages wrote, kept in the database for a while."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, func
from sqlmodel import col, select

from control_plane.builds.tables import UNFINISHED, Build, BuildLog, BuildStage
from control_plane.db.engine import Database
from control_plane.errors import BuildNotFoundError

KEPT = 500
"""How many of the newest builds keep their logs."""

PIECES = 200
"""Of a log, read at a time."""


class LogPiece(msgspec.Struct, frozen=True):
    """What a stage wrote at one time.

    Attributes:
        id: rises through the log of a build.

    """

    id: int
    stage: str
    text: str


class BuildLogs:
    """Reads what `control_plane.builds.recording` has written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, build_id: int, piece_id: int) -> tuple[Sequence[LogPiece], bool]:
        """The next pieces of a build's log, and whether they are its last because the build has ended.

        Args:
            piece_id: the newest piece that the reader has; 0 for none.

        """
        pieces = select(BuildLog).where(BuildLog.build_id == build_id, col(BuildLog.id) > piece_id)
        state = select(Build.status).where(Build.id == build_id)
        async with self._database.reading() as session:
            status = (await session.exec(state)).one()
            rows = (await session.exec(pieces.order_by(col(BuildLog.id)).limit(PIECES))).all()
        found = [LogPiece(row.id, row.stage, row.text) for row in rows if row.id is not None]
        return found, status not in UNFINISHED and len(found) < PIECES

    async def of_stage(self, build_id: int, stage: str) -> str:
        """Text of a stage's log, empty where nothing has been written yet.

        Raises:
            BuildNotFoundError: no such build, or it has not come to this stage.

        """
        begun = select(BuildStage.id).where(BuildStage.build_id == build_id, BuildStage.name == stage)
        written = select(BuildLog.text).where(BuildLog.build_id == build_id, BuildLog.stage == stage)
        async with self._database.reading() as session:
            if (await session.exec(begun)).first() is None:
                raise BuildNotFoundError(f"build {build_id} has no stage {stage}")
            return "".join(await session.exec(written.order_by(col(BuildLog.id))))

    async def prune(self) -> None:
        """Delete the logs of all but the newest builds."""
        newest = select(func.max(col(Build.id)))
        old = select(BuildLog.id).where(col(BuildLog.build_id) <= newest.scalar_subquery() - KEPT)
        async with self._database.reading() as session:
            if (await session.exec(old.limit(1))).first() is None:
                return
        async with self._database.session() as session:
            await session.exec(delete(BuildLog).where(col(BuildLog.id).in_(old)))
