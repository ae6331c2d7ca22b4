"""Figures of versions in traffic: written by gateways, read by people and by the canary watcher."""

from collections import defaultdict
from collections.abc import Iterable
from time import time

import msgspec
from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.db.engine import Database
from control_plane.deployments.tables import TrafficWindow
from control_plane.deployments.tally import Tally

KEPT_SECONDS = 3600
"""Age at which windows are deleted."""


class Window(msgspec.Struct):
    """What a gateway has counted for a provider since a time."""

    provider_id: int
    began_at: int
    tally: Tally


async def report(database: Database, gateway_id: str, windows: Iterable[Window]) -> None:
    """Write down what a gateway has counted, each window as a whole."""
    async with database.session() as session:
        for window in windows:
            await session.merge(
                TrafficWindow(
                    provider_id=window.provider_id,
                    gateway_id=gateway_id,
                    began_at=window.began_at,
                    tally=window.tally,
                )
            )


async def figures(
    session: AsyncSession, provider_ids: Iterable[int], *, seconds: int = KEPT_SECONDS
) -> dict[int, Tally]:
    """By provider what all gateways have seen within so many seconds."""
    query = select(TrafficWindow).where(
        col(TrafficWindow.provider_id).in_(list(provider_ids)),
        col(TrafficWindow.began_at) > time() - seconds,
    )
    sums: dict[int, Tally] = defaultdict(Tally)
    for window in await session.exec(query):
        sums[window.provider_id].add(window.tally)
    return sums


async def prune(database: Database) -> None:
    """Delete windows that nobody asks for any more."""
    old = col(TrafficWindow.began_at) < time() - KEPT_SECONDS
    async with database.reading() as session:
        if (await session.exec(select(TrafficWindow.provider_id).where(old).limit(1))).first() is None:
            return
    async with database.session() as session:
        await session.exec(delete(TrafficWindow).where(old))
