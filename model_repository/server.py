"""The embedded Triton: the real tritonserver as a child process that is started again when it dies."""

import asyncio
import hashlib
import socket
import uuid
from contextlib import ExitStack
from pathlib import Path

import httpx
import structlog

from model_repository.client import POLL_SECONDS, EntryState, TritonClient
from model_repository.environment import (
    SHARED_MEMORY,
    Distribution,
    Finding,
    Level,
    check_environment,
)
from model_repository.errors import ServerUnavailableError, TriremeError
from model_repository.logfile import LogFile
from model_repository.process import TetheredProcess
from model_repository.rollout import take_down
from model_repository.runtime import assemble_backends, assemble_libraries, child_environment
from model_repository.settings import TritonSettings

__all__ = ["EmbeddedTriton", "Finding", "Level", "ServerStartError", "check_environment"]

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
START_ATTEMPTS = 3
"""The ports are free when they are chosen, and may be taken a moment later."""

CONTROL = "model-config,model-repository,shared-memory,statistics,trace,logging"
"""What Triton does over HTTP for those only who know a word, which is told to nobody: a page in a browser on
this machine can send HTTP to any port of it, but no gRPC."""

LOG_CHECK_SECONDS = 30.0

EXIT_SECONDS = 2.0
"""Time for the exit of a server without models; now and then it would wait ten seconds for nothing."""


class ServerStartError(TriremeError):
    """Triton does not start on this machine."""

    code = "inference_server_start_failed"
    default_hint = "`trireme doctor` checks this machine."


class EndedAtStartError(ServerStartError):
    """Triton ended before it answered, as it does when a port is taken."""


class EmbeddedTriton:
    """One supervised server on this machine, reachable from this machine only.

    It starts without models; whoever wants an entry loads it, and loads it again after a restart.
    """

    def __init__(self, *, repository: Path, runtime: Path, settings: TritonSettings) -> None:
        """Prepare a server.

        Args:
            repository: folder with the entries.
            runtime: folder for its backends and its log, used by no other server.

        """
        self._repository = repository.absolute()
        self._runtime = runtime.absolute()
        self._settings = settings
        self._log = LogFile(self._runtime / "triton.log", settings.log_bytes)
        self._grpc_port = self._http_port = self._metrics_port = 0
        self._command: list[str] = []
        self._environment: dict[str, str] = {}
        self._process: TetheredProcess | None = None
        self._supervision: asyncio.Task[None] | None = None
        self._region_prefix = f"trireme-{hashlib.sha256(bytes(self._runtime)).hexdigest()[:12]}-"

    @property
    def url(self) -> str:
        """gRPC address `host:port`; the same from `start` on, also over restarts."""
        return f"{HOST}:{self._grpc_port}"

    @property
    def http_url(self) -> str:
        """HTTP address `host:port`, for inference only; as lasting as the other."""
        return f"{HOST}:{self._http_port}"

    @property
    def metrics_url(self) -> str:
        """Triton's own Prometheus page."""
        return f"http://{HOST}:{self._metrics_port}/metrics"

    @property
    def log_file(self) -> Path:
        """Output of the server and of its models."""
        return self._log.path

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.running else None

    async def start(self) -> None:
        """Start the server, wait until it answers, and keep it running from then on.

        Raises:
            ServerStartError: something is missing, or it ended or did not answer in time. Nothing is left.

        """
        await asyncio.to_thread(self._prepare)
        for attempt in range(START_ATTEMPTS):
            self._grpc_port, self._http_port, self._metrics_port = _free_ports(3)
            try:
                await self._launch()
                break
            except EndedAtStartError:
                if attempt == START_ATTEMPTS - 1:
                    raise
        self._supervision = asyncio.create_task(self._supervise(), name="triton")

    async def stop(self) -> None:
        """End the server; requests that are running may finish within `settings.stop_seconds`."""
        if self._supervision is not None:
            self._supervision.cancel()
            await asyncio.wait([self._supervision])
            self._supervision = None
        if self._process is not None:
            if self._process.running:
                await self._drain()
            await self._process.stop(EXIT_SECONDS)
            self._process = None
            self._sweep_shared_memory()
            log.info("triton stopped")

    async def _drain(self) -> None:
        """Unload everything, which waits for running requests; afterwards the process has nothing to lose."""
        client = TritonClient(self.url)
        try:
            async with asyncio.timeout(self._settings.stop_seconds):
                states = await client.index()
                loaded = [entry for entry, state in states.items() if state is EntryState.READY]
                await asyncio.gather(*(take_down(client, entry) for entry in loaded))
        except (TimeoutError, TriremeError) as error:
            log.warning("triton did not finish its requests", reason=str(error))
        finally:
            await client.close()

    def _prepare(self) -> None:
        problems = [finding for finding in check_environment() if finding.level is Level.PROBLEM]
        distribution = Distribution.find()
        if problems or distribution is None:
            raise ServerStartError(f"cannot run Triton: {problems[0].detail}", hint=problems[0].remedy)
        self._repository.mkdir(parents=True, exist_ok=True)
        self._runtime.mkdir(parents=True, exist_ok=True)
        self._environment = child_environment(distribution, assemble_libraries(self._runtime))
        self._command = [
            str(distribution.server),
            f"--model-repository={self._repository}",
            "--model-control-mode=explicit",
            "--disable-auto-complete-config",  # ours are complete, and asking costs one more stub a load
            f"--backend-directory={assemble_backends(self._runtime, distribution)}",
            f"--backend-config=python,shm-region-prefix-name={self._region_prefix}",
            f"--http-address={HOST}",
            f"--http-restricted-api={CONTROL}:trireme={uuid.uuid4().hex}",
            f"--grpc-address={HOST}",
            f"--metrics-address={HOST}",
            "--log-format=ISO8601",
        ]

    async def _launch(self) -> None:
        """Start the process and wait until it answers; a process that does not is ended."""
        self._log.rotate()
        self._sweep_shared_memory()
        name = f"embedded-{uuid.uuid4().hex}"
        command = (
            *self._command,
            f"--id={name}",
            f"--grpc-port={self._grpc_port}",
            f"--http-port={self._http_port}",
            f"--metrics-port={self._metrics_port}",
        )
        try:
            process = TetheredProcess(command, environment=self._environment, log=self._log.path)
        except OSError as error:
            raise ServerStartError(f"cannot run Triton: {error.strerror}") from error
        self._process = process
        try:
            await self._answers(process, name)
        except BaseException:
            process.kill()
            await process.wait()
            raise
        log.info("triton ready", url=self.url, pid=process.pid)

    async def _answers(self, process: TetheredProcess, name: str) -> None:
        """Wait until this very server answers: another one may have taken its port."""
        client = TritonClient(self.url)
        ready = asyncio.create_task(self._wait_ready(client, name))
        ended = asyncio.create_task(process.wait())
        try:
            await asyncio.wait((ready, ended), return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise EndedAtStartError(f"Triton ended at its start: {self._log.last_line()}")
            await ready
        except ServerUnavailableError as error:
            raise ServerStartError(error.message) from error
        finally:
            ready.cancel()
            ended.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)
            await client.close()

    async def _wait_ready(self, client: TritonClient, name: str) -> None:
        """Wait for gRPC, and then for HTTP, which Triton opens last.

        Raises:
            ServerUnavailableError: one of them does not answer in time.

        """
        seconds, url = self._settings.start_seconds, f"http://{self.http_url}/v2"
        try:
            async with asyncio.timeout(seconds):
                await client.wait_ready(seconds, name=name)
                async with httpx.AsyncClient(trust_env=False, verify=False) as http:  # noqa: S501 - it has no TLS
                    while await _name_told(http, url) != name:  # noqa: ASYNC110 - no server tells when
                        await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            raise ServerUnavailableError(f"Triton was not ready within {seconds:g} s") from error

    async def _supervise(self) -> None:
        """Start the server again whenever it has died, after a pause that grows with failures in a row."""
        loop = asyncio.get_running_loop()
        pause = self._settings.restart_seconds
        while self._process is not None:
            started = loop.time()
            status = await self._watch(self._process)
            if loop.time() - started > self._settings.steady_seconds:
                pause = self._settings.restart_seconds
            log.error("triton died", status=status, last_line=self._log.last_line(), restart_in_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._settings.restart_max_seconds)
            try:
                await self._launch()
            except ServerStartError as error:
                log.error("triton did not come back", reason=error.message)  # noqa: TRY400  # nothing in the trace

    async def _watch(self, process: TetheredProcess) -> int:
        """Exit status once it has ended; until then its log is kept small."""
        while True:
            try:
                return await asyncio.wait_for(process.wait(), LOG_CHECK_SECONDS)
            except TimeoutError:
                self._log.rotate()

    def _sweep_shared_memory(self) -> None:
        """Free what the models of a server that was killed have left."""
        for region in SHARED_MEMORY.glob(f"{self._region_prefix}*"):
            region.unlink(missing_ok=True)


async def _name_told(client: httpx.AsyncClient, url: str) -> str:
    try:
        response = await client.get(url)
    except httpx.TransportError:
        return ""
    return str(response.json()["name"]) if response.is_success else ""


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
