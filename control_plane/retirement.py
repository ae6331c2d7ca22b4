"""Takes versions out of Triton when their requests have ended, and old ones off the disk."""

import asyncio

import structlog
from sqlalchemy import func
from sqlmodel import col, select

from control_plane.db.engine import Database
from control_plane.gateways import all_acknowledged
from control_plane.models.tables import Model, Version, VersionState
from control_plane.servers import Servers

logger = structlog.get_logger(__name__)

KEPT = 2
"""How many retired versions of a model stay on disk for a rollback."""

_GONE = (VersionState.RETIRED, VersionState.FAILED)


class Retirement:
    """The last part of a version's life. Its state stands in SQL, so it goes on after a crash."""

    def __init__(self, database: Database, servers: Servers) -> None:
        self._database = database
        self._servers = servers

    async def sweep(self) -> None:
        """Do what is due now."""
        for version in await self._drained():
            await self._retire(version)
        for version in await self._superfluous():
            await self._delete(version)

    async def _drained(self) -> list[Version]:
        async with self._database.reading() as session:
            draining = (
                await session.exec(select(Version).where(Version.state == VersionState.DRAINING))
            ).all()
        return [
            version
            for version in draining
            if version.drain_generation is not None
            and await all_acknowledged(self._database, version.drain_generation)
        ]

    async def _retire(self, version: Version) -> None:
        async with self._servers.locked(version.entries):
            if not await self._is_still(version, (VersionState.DRAINING,)):
                return
            for entry in version.entries:
                await self._servers.unload(entry)
            async with self._database.session() as session:
                row = await session.get_one(Version, version.id, with_for_update=True)
                if row.state is VersionState.DRAINING:
                    row.state, row.drain_generation = VersionState.RETIRED, None
        logger.info("version retired", entries=version.entries)

    async def _superfluous(self) -> list[Version]:
        published = (
            select(Version, col(Model.deleted_at).is_not(None))
            .join(Model)
            .where(col(Version.published), col(Version.state).in_(_GONE))
            .order_by(
                func.coalesce(col(Version.activated_at), col(Version.created_at)).desc(),
                col(Version.number).desc(),
            )
        )
        async with self._database.reading() as session:
            rows = (await session.exec(published)).all()
        kept: dict[int, int] = {}
        superfluous = []
        for version, model_is_gone in rows:
            rank = kept.get(version.model_id, 0)
            if model_is_gone or version.state is VersionState.FAILED or rank >= KEPT:
                superfluous.append(version)
            else:
                kept[version.model_id] = rank + 1
        return superfluous

    async def _delete(self, version: Version) -> None:
        async with self._servers.locked(version.entries):
            if not await self._is_still(version, _GONE):
                return
            for entry in version.entries:
                await self._servers.unload(entry)
                await asyncio.to_thread(self._servers.storage.remove, entry)
            async with self._database.session() as session:
                (await session.get_one(Version, version.id)).published = False
        logger.info("version deleted", entries=version.entries)

    async def _is_still(self, version: Version, states: tuple[VersionState, ...]) -> bool:
        async with self._database.reading() as session:
            return (await session.get_one(Version, version.id)).state in states
