"""Tells the control plane what the versions of divided models do."""

import asyncio
from contextlib import suppress

import structlog

from control_plane.db.engine import Database
from control_plane.deployments.figures import Window, report
from gateway.serving.traffic import Traffic

REPORT_SECONDS = 1.0

log = structlog.get_logger(__name__)


class TrafficReport:
    """Writes down what `Traffic` has counted; what cannot be written is kept for the next time."""

    def __init__(self, traffic: Traffic, *, database: Database, gateway_id: str) -> None:
        self._traffic = traffic
        self._database = database
        self._gateway_id = gateway_id
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Report until `stop`."""
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), REPORT_SECONDS)
            await self._report()

    def stop(self) -> None:
        """End `run`, after a last report."""
        self._stopping.set()

    async def _report(self) -> None:
        windows = self._traffic.unreported()
        if not windows:
            return
        try:
            await report(
                self._database,
                self._gateway_id,
                [Window(provider_id, began_at, tally) for (provider_id, began_at), tally in windows],
            )
        except Exception as error:  # noqa: BLE001 - whatever ails the database, serving goes on without it
            log.warning("figures not reported", cause=str(error) or type(error).__name__)
        else:
            self._traffic.reported([key for key, _ in windows])
