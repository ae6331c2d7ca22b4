"""The stages that follow a conversion, in the worker itself: publish the entry, load it into every Triton."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from control_plane.builds.deployment import announce, mark_loading
from control_plane.builds.patience import PATIENCE_SECONDS, patiently
from control_plane.builds.queue import Claim
from control_plane.db.engine import Database
from control_plane.servers import Servers
from model_repository import layout, rollout
from model_repository.client import TritonClient
from model_repository.errors import (
    EntryExistsError,
    ObjectStoreUnavailableError,
    ServerUnavailableError,
)
from model_repository.manifest import Manifest, decode
from model_repository.storage import Storage

logger = structlog.get_logger(__name__)


def read_manifests(entries: Sequence[Path]) -> tuple[Manifest, ...]:
    """What finished entries say about themselves."""
    return tuple(decode((entry / layout.MANIFEST).read_bytes()) for entry in entries)


async def publish(
    database: Database,
    storage: Storage,
    claim: Claim,
    entries: Sequence[Path],
    manifests: tuple[Manifest, ...],
) -> None:
    """Bring the finished entries of a version into the repository.

    An entry that exists can only be what this build left there when it was killed: it has never been loaded.

    Raises:
        RepositoryError: the repository refuses it.
        ObjectStoreUnavailableError: it does not answer for `PATIENCE_SECONDS`.
        ClaimLostError: another worker owns the build now.

    """
    await announce(database, claim, manifests)
    for entry, manifest in zip(entries, manifests, strict=True):
        await patiently(_publish_anew, storage, entry, manifest)
    await mark_loading(database, claim)


def _publish_anew(storage: Storage, entry: Path, manifest: Manifest) -> None:
    try:
        storage.publish(entry, manifest)
    except EntryExistsError:
        storage.remove(manifest.entry)
        storage.publish(entry, manifest)


async def roll_out(servers: Servers, manifests: Sequence[Manifest]) -> None:
    """Load the entries of a version into every server and prove them there; if one fails, none stays.

    Raises:
        MisfitError: an engine was built for other servers.
        RolloutError: a server cannot load it, or answers wrongly.
        ServerUnavailableError: a server does not answer for `PATIENCE_SECONDS`.
        ObjectStoreUnavailableError: the storage does not.

    """
    for manifest in manifests:
        servers.check(manifest)
    async with servers.locked(manifest.entry for manifest in manifests):
        try:
            for manifest in manifests:
                async with asyncio.TaskGroup() as group:
                    for client in servers.clients:
                        group.create_task(_bring_up(client, servers.storage, manifest))
        except ExceptionGroup as failures:
            for manifest in manifests:
                await servers.unload(manifest.entry)
            raise failures.exceptions[0] from failures


async def _bring_up(client: TritonClient, storage: Storage, manifest: Manifest) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        await client.wait_ready(max(1.0, deadline - asyncio.get_running_loop().time()))
        try:
            return await rollout.bring_up(client, storage, manifest)
        except (ServerUnavailableError, ObjectStoreUnavailableError) as error:
            if asyncio.get_running_loop().time() > deadline:
                raise
            logger.warning(
                "loading begins again", entry=manifest.entry, server=client.url, reason=error.message
            )
            await asyncio.sleep(1.0)
