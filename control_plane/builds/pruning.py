"""Removes what builds leave behind and nobody will look at any more: old workspaces and old logs."""

import asyncio
import shutil
from pathlib import Path

import structlog
from sqlmodel import col, select

from control_plane.builds.logs import BuildLogs
from control_plane.builds.tables import UNFINISHED, Build, BuildStatus
from control_plane.db.engine import Database

logger = structlog.get_logger(__name__)

PAUSE_SECONDS = 30.0
"""Time between two sweeps."""

_REPEATABLE = (BuildStatus.FAILED, BuildStatus.CANCELLED)


class Pruning:
    """Bounds what builds take on the disk and in the database.

    Args:
        kept: workspaces of so many of the newest builds that did not succeed stay, for a retry to go on from.

    """

    def __init__(self, database: Database, workspaces: Path, *, kept: int) -> None:
        self._database = database
        self._logs = BuildLogs(database)
        self._workspaces = workspaces
        self._kept = kept

    async def sweep(self) -> None:
        """Remove what is superfluous now."""
        await self._logs.prune()
        for folder in await asyncio.to_thread(self._superfluous, await self._wanted()):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            logger.info("workspace removed", build=int(folder.name))

    async def _wanted(self) -> set[str]:
        newest = select(Build.id).order_by(col(Build.id).desc())
        unfinished = newest.where(col(Build.status).in_(UNFINISHED))
        repeatable = newest.where(col(Build.status).in_(_REPEATABLE)).limit(self._kept)
        async with self._database.reading() as session:
            return {str(each) for query in (unfinished, repeatable) for each in await session.exec(query)}

    def _superfluous(self, wanted: set[str]) -> list[Path]:
        if not self._workspaces.is_dir():
            return []
        folders = (path for path in self._workspaces.iterdir() if path.name.isdecimal() and path.is_dir())
        return [path for path in folders if path.name not in wanted]
