"""Keeps the snapshot up to date: polls the generation, swaps the catalogue, acknowledges what has settled."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from time import monotonic

import structlog

from control_plane import gateways
from control_plane.catalog import Catalog
from control_plane.catalog_reader import CatalogReader
from control_plane.db.engine import Database
from control_plane.snapshot import read_generation
from gateway.serving.routing.balancer import Balancer
from gateway.serving.snapshots import Snapshots
from gateway.serving.tokenization import Tokenizers
from model_repository import layout
from model_repository.manifest import Manifest
from model_repository.storage import Storage

HEARTBEAT_SECONDS = 1.0
"""How often a gateway says that it is alive; others stop waiting for one that is silent for five seconds."""

SIGN_OFF_SECONDS = 2.0
POLL_SECONDS = 60.0
"""Time for one look, reading large tokenizers included; a database that hangs counts as away."""

log = structlog.get_logger(__name__)


class CatalogFeed:
    """The one task that writes to `Snapshots`.

    While the database is away the last catalogue stays in service; `age` tells how old it may be.

    Args:
        gateway_id: this process's name in the table of gateways.
        interval: seconds between two polls.

    """

    def __init__(
        self,
        snapshots: Snapshots,
        tokenizers: Tokenizers,
        balancer: Balancer,
        *,
        database: Database,
        storage: Storage,
        gateway_id: str,
        interval: float,
    ) -> None:
        self._snapshots = snapshots
        self._tokenizers = tokenizers
        self._balancer = balancer
        self._database = database
        self._reader = CatalogReader(database)
        self._storage = storage
        self._gateway_id = gateway_id
        self._interval = interval
        self._refreshing = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._acknowledged = -1
        self._acknowledged_at = 0.0
        self._confirmed_at = monotonic()
        self._reachable = True

    @property
    def age(self) -> float:
        """Seconds since the database last confirmed the catalogue in service."""
        return monotonic() - self._confirmed_at

    @property
    def served(self) -> set[str]:
        """Entries in service."""
        return set(_manifests(self._snapshots.current))

    @property
    def unloaded(self) -> list[str]:
        """Entries in service whose tokenizer could not be loaded."""
        return [entry for entry in _manifests(self._snapshots.current) if entry not in self._tokenizers]

    async def run(self) -> None:
        """Poll until `stop`, then sign off, so that nobody waits for this gateway any more."""
        while not self._stopping.is_set():
            await self.try_refresh()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._interval)
        try:
            async with asyncio.timeout(SIGN_OFF_SECONDS):
                await gateways.forget(self._database, self._gateway_id)
        except Exception as error:  # noqa: BLE001 - the others soon stop waiting for a silent gateway anyway
            log.warning("cannot sign off", cause=str(error) or type(error).__name__)
        self._reader.close()

    async def try_refresh(self) -> None:
        """Refresh and acknowledge if the database lets; it says once in the log that it does not."""
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self.refresh()
                await self._acknowledge()
        except Exception as error:  # noqa: BLE001 - whatever ails the database, serving goes on without it
            if self._reachable:
                log.warning("database does not answer", cause=str(error) or type(error).__name__)
            self._reachable = False
        else:
            if not self._reachable:
                log.info("database answers again")
            self._reachable = True

    async def refresh(self) -> None:
        """Serve what the database holds now; returns at once when that is what is being served."""
        async with self._refreshing:
            asked_at = monotonic()
            generation = await read_generation(self._database)
            if generation != self._snapshots.current.generation:
                self._revoke(await self._reader.live_keys())
                await self._swap(await self._reader.read())
            elif self.unloaded:
                await self._load(self._snapshots.current)
            self._confirmed_at = asked_at

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()

    def _revoke(self, live: frozenset[bytes]) -> None:
        """Refuse revoked keys before all else is read, which takes its time in a large catalogue."""
        current = self._snapshots.current
        if not current.keys.keys() <= live:
            keys = {digest: key for digest, key in current.keys.items() if digest in live}
            self._snapshots.swap(replace(current, keys=keys))

    async def _swap(self, catalog: Catalog) -> None:
        """Take over keys at once, and models as soon as their tokenizers are loaded.

        A revoked key must not live on while a large tokenizer is being read; the first request to a new
        version must not pay for reading it.
        """
        self._snapshots.swap(replace(self._snapshots.current, keys=catalog.keys))
        await self._load(catalog)
        self._snapshots.swap(catalog)
        self._balancer.retain(
            {provider.id for router in catalog.routers.values() for provider in router.providers}
        )
        log.info("catalogue swapped", generation=catalog.generation)

    async def _load(self, catalog: Catalog) -> None:
        for entry, manifest in _manifests(catalog).items():
            if entry in self._tokenizers:
                continue
            try:
                data = await asyncio.to_thread(self._storage.read, entry, layout.TOKENIZER)
                await self._tokenizers.load(manifest, data)
            except Exception as error:  # noqa: BLE001 - one damaged entry must not keep all others from service
                log.warning("tokenizer cannot be loaded", entry=entry, cause=str(error))

    async def _acknowledge(self) -> None:
        settled, now = self._snapshots.settled, monotonic()
        if settled == self._acknowledged and now - self._acknowledged_at < HEARTBEAT_SECONDS:
            return
        await gateways.acknowledge(self._database, self._gateway_id, settled)
        if settled == self._snapshots.current.generation != self._acknowledged:
            self._tokenizers.retain(_manifests(self._snapshots.current).keys())
        self._acknowledged, self._acknowledged_at = settled, now


def _manifests(catalog: Catalog) -> Mapping[str, Manifest]:
    """Graphs in service that read text, by entry."""
    return {
        manifest.entry: manifest
        for router in catalog.routers.values()
        for provider in router.providers
        for manifest in provider.graphs
        if manifest.tokenizer is not None
    }
