"""Starts Triton, the worker and the gateway, and stops them in order."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import structlog

from control_plane.accounts.keys import KeyService
from control_plane.builds.service import BuildService
from control_plane.builds.tables import UNFINISHED
from control_plane.catalogue import load_catalogue
from control_plane.db.engine import Database
from control_plane.installation import install
from gateway.observability.page import SHARED_COUNTS
from model_repository.errors import TriremeError
from model_repository.server import EmbeddedTriton
from trireme.child import NOTHING, Child
from trireme.data_folder import locked, root_key
from trireme.ports import free_port
from trireme.settings import Settings
from trireme.state import database, mirror

START_SECONDS = 60.0

WORKER_STOP_SECONDS = 40.0
POLL_SECONDS = 0.05

log = structlog.get_logger(__name__)


class StartError(TriremeError):
    """A part did not come up."""

    code = "start_failed"
    default_hint = "The logs folder in the data folder says why; `trireme doctor` checks this machine."


@dataclass(frozen=True)
class Service:
    """A running Trireme.

    Attributes:
        address: base URL of the gateway.
        builds: ids of the builds that this start has queued or found unfinished.

    """

    address: str
    root_key: str
    builds: list[int]
    database: Database

    async def wait(self, path: str, seconds: float) -> None:
        """Wait until a health check of the gateway finds nothing wrong.

        Raises:
            StartError: it still does after so many seconds; the message has its reasons.

        """
        wrong = "the gateway does not answer"
        async with httpx.AsyncClient(base_url=self.address, trust_env=False) as client:
            try:
                async with asyncio.timeout(seconds):
                    while wrong := await _wrong(client, path, wrong):  # noqa: ASYNC110  # another process
                        await asyncio.sleep(POLL_SECONDS)
            except TimeoutError as error:
                raise StartError(f"not ready after {seconds:.0f} s: {wrong}") from error


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """Everything, from the moment that the gateway answers until the block ends.

    Raises:
        DataFolderInUseError: another server runs on this data folder.
        PortInUseError: the address is taken.
        StartError: a part did not come up; nothing is left running.

    """
    async with AsyncExitStack() as stack:
        stack.enter_context(locked(settings))
        port = free_port(settings.gateway.host, settings.gateway.port)
        db = await stack.enter_async_context(database(settings))
        secret = root_key(settings)
        await KeyService(db).ensure_root(secret)
        await install(db, load_catalogue(settings.catalogue))
        newest_first = await BuildService(db).list()
        builds = [build.id for build in reversed(newest_first) if build.status in UNFINISHED]
        urls, http_urls = settings.triton.urls, settings.triton.http_urls
        if not urls:
            triton = await stack.enter_async_context(embedded_triton(settings))
            urls, http_urls = (triton.url,), (triton.http_url,)
        resolved = replace(
            settings,
            data=settings.data.absolute(),
            triton=replace(settings.triton, urls=urls, http_urls=http_urls),
            gateway=replace(settings.gateway, port=port),
        )
        worker = _child("worker", resolved, "worker")
        await stack.enter_async_context(_supervised([worker], WORKER_STOP_SECONDS))
        await stack.enter_async_context(gateways(resolved))
        base_url = f"http://{_url_host(settings.gateway.host)}:{port}"
        service = Service(address=base_url, root_key=secret, builds=builds, database=db)
        await service.wait("/health/live", START_SECONDS)
        yield service


@asynccontextmanager
async def embedded_triton(settings: Settings) -> AsyncIterator[EmbeddedTriton]:
    """An embedded server, and the mirror that it reads if models are in a bucket, during the block."""
    server = EmbeddedTriton(
        repository=settings.triton_folder, runtime=settings.data / "triton", settings=settings.triton
    )
    async with AsyncExitStack() as stack:
        if settings.s3.bucket:
            stack.enter_context(_beside(mirror(settings).keep(settings.s3.poll_seconds)))
        await server.start()
        stack.push_async_callback(server.stop)
        yield server


@asynccontextmanager
async def gateways(settings: Settings) -> AsyncIterator[None]:
    """As many gateways as are wanted, on one address, each started again when it dies, during the block.

    Raises:
        PortInUseError: the address is taken.

    """
    port = free_port(settings.gateway.host, settings.gateway.port)
    resolved = replace(settings, data=settings.data.absolute(), gateway=replace(settings.gateway, port=port))
    async with _supervised(_gateways(resolved), settings.gateway.drain_timeout + 5):
        yield


@contextmanager
def _beside(work: Coroutine[Any, Any, None]) -> Iterator[None]:
    """Let endless work go on during the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()


def _gateways(settings: Settings) -> list[Child]:
    """As many gateways as are wanted; what several of them count adds up in files of a common folder."""
    workers, environment = settings.gateway.workers, {}
    if workers > 1:
        shutil.rmtree(settings.metrics, ignore_errors=True)
        settings.metrics.mkdir(parents=True)
        environment[SHARED_COUNTS] = str(settings.metrics)
        if not settings.gateway.limits.redis_url:
            log.warning("each gateway counts limits by itself, without Redis", workers=workers)
    names = ["gateway", *(f"gateway-{number}" for number in range(2, workers + 1))]
    return [_child("gateway", settings, name, environment) for name in names]


def _child(command: str, settings: Settings, name: str, environment: Mapping[str, str] = NOTHING) -> Child:
    """A subcommand with a log file of its own."""
    log_settings = replace(settings.log, file=str(settings.logs / f"{name}.log"))
    settings.logs.mkdir(parents=True, exist_ok=True)
    output = settings.logs / f"{name}.err"
    return Child(command, replace(settings, log=log_settings), output, environment)


@asynccontextmanager
async def _supervised(children: Sequence[Child], stop_seconds: float) -> AsyncIterator[None]:
    """Keep processes running as long as the block, and end them together."""
    tasks = [asyncio.create_task(child.run()) for child in children]
    try:
        yield
    finally:
        await asyncio.gather(*(child.stop(stop_seconds) for child in children))
        await asyncio.gather(*tasks)


async def _wrong(client: httpx.AsyncClient, path: str, before: str) -> str:
    try:
        body = (await client.get(path)).json()
    except httpx.TransportError:
        return before
    return "" if body["status"] in ("ok", "ready") else "; ".join(body["reasons"])


def _url_host(host: str) -> str:
    """Host as callers on this machine reach it."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared with, not bound to
    return f"[{reachable}]" if ":" in reachable else reachable
