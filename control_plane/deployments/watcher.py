"""Watches canaries, and sends back those that pass their limits."""

import structlog
from sqlmodel import select

from control_plane.db.engine import Database
from control_plane.deployments.exposure import Exposure, Place
from control_plane.deployments.figures import figures, prune
from control_plane.deployments.placement import drain
from control_plane.deployments.tally import Tally
from control_plane.models.tables import Version, VersionState
from control_plane.routers.tables import Provider

logger = structlog.get_logger(__name__)

JUDGED_SECONDS = 60
"""How far back a canary's requests count."""


class CanaryWatcher:
    """Adds up what all gateways have seen. Any number of workers may watch: a canary goes back once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sweep(self) -> None:
        """Send back what is due now, and delete old figures."""
        for provider, tally in await self._watched():
            if reason := verdict(provider.exposure, tally):
                await self._send_back(provider, reason)
        await prune(self._database)

    async def _watched(self) -> list[tuple[Provider, Tally]]:
        query = select(Provider).join(Version).where(Version.state == VersionState.CANARY)
        async with self._database.reading() as session:
            canaries = {each.id: each for each in await session.exec(query) if each.id is not None}
            tallies = await figures(session, canaries, seconds=JUDGED_SECONDS) if canaries else {}
        return [(canaries[provider_id], tally) for provider_id, tally in tallies.items()]

    async def _send_back(self, provider: Provider, reason: str) -> None:
        async with self._database.session() as session:
            present = await session.get(Provider, provider.id, with_for_update=True)
            if present is None or present.exposure.place is not Place.CANARY:
                return
            version = await session.get_one(Version, present.version_id)
            await drain(session, [version], remark=f"sent back: {reason}")
        logger.warning("canary sent back", entries=version.entries, reason=reason)


def verdict(exposure: Exposure, tally: Tally) -> str:
    """Why a canary must go back, or an empty string."""
    if tally.requests < exposure.min_requests:
        return ""
    limit, slowest = exposure.max_error_share, exposure.max_p99_ms
    if limit is not None and tally.error_share > limit:
        return f"{tally.error_share:.1%} of {tally.requests} requests failed, the limit is {limit:.1%}"
    if slowest is not None and tally.p99_ms > slowest:
        return f"1 of 100 requests took {tally.p99_ms:.0f} ms or more, the limit is {slowest:g} ms"
    return ""
