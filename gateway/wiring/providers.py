"""Wires routers and providers: their services, the client of upstreams, and the monitor that watches them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from litestar.di import Provide

from control_plane.db.engine import Database
from control_plane.routers.administration import RouterService
from control_plane.routers.providers import ProviderService
from control_plane.secret_box import SecretBox
from gateway.dependencies import provided
from gateway.serving.providers.upstreams import Upstreams
from gateway.serving.routing.balancer import Balancer
from gateway.serving.routing.monitor import ProviderMonitor
from gateway.serving.snapshots import Snapshots
from gateway.serving.triton import TritonPool


class ProviderServices:
    """One for each gateway process.

    Attributes:
        upstreams: what answers elsewhere.

    Args:
        secret_keys: that the providers' secrets are encrypted with, newest first.
        interval: seconds between two looks at the providers.

    """

    def __init__(
        self,
        database: Database,
        snapshots: Snapshots,
        balancer: Balancer,
        triton: TritonPool,
        *,
        secret_keys: Sequence[str],
        interval: float,
    ) -> None:
        box = SecretBox(secret_keys)
        self.upstreams = upstreams = Upstreams(box.open, triton)
        self._monitor = ProviderMonitor(snapshots, balancer, upstreams, interval=interval)
        self._services = {
            "routers": RouterService(database),
            "providers": ProviderService(database, box=box, probe=upstreams.probe),
            "upstreams": upstreams,
        }

    def dependencies(self) -> dict[str, Provide]:
        """Providers for Litestar."""
        return provided(self._services)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the providers as long as the block runs."""
        watching = asyncio.create_task(self._monitor.run())
        try:
            yield
        finally:
            self._monitor.stop()
            await watching
            await self.upstreams.close()
