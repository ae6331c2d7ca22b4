"""One Triton server as a gateway sees it: the two ways to it, and what is known of each."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

import numpy as np
import structlog
from numpy.typing import NDArray

from gateway.observability.spans import asking
from model_repository.client import EntryState, TritonClient, infer_request, read_outputs
from model_repository.errors import ServerUnavailableError
from model_repository.http_client import HttpClient, NoTritonError, UnreachableError

SMALL_BYTES = 2**20
"""Inputs that go over HTTP: what it saves does not show with more, and newer servers refuse much of it."""

LOOK_SECONDS = 2.0
"""For one look at a server: who asks whether a gateway is ready waits five seconds in all."""

PAUSE_SECONDS = 1.0
"""Between two looks at a server that does not answer over HTTP."""

Tensors = Mapping[str, NDArray[np.generic]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look at a server has found.

    Attributes:
        loaded: entries that it can run now; None where it does not answer over gRPC.
        wrong: which address does not answer and what to do about it, in one line; empty where all is well.

    """

    loaded: set[str] | None
    wrong: str = ""


class Server:
    """One Triton server. Make it inside a running event loop, and close it there.

    HTTP is the quicker way, and is taken while it has been seen to lead to Triton; gRPC does without it.

    Args:
        url: gRPC address `host:port`.
        http_url: HTTP address of the same server, empty where none is known.

    """

    def __init__(self, url: str, http_url: str = "") -> None:
        self.url, self.http_url = url, http_url
        self.client = TritonClient(url)
        self.in_flight = 0
        self.avoid_until = 0.0
        self._http = HttpClient(http_url) if http_url else None
        self._proven: HttpClient | None = None
        self._doubted, self._looked = asyncio.Event(), asyncio.Event()
        self._proving = asyncio.create_task(self._prove(self._http)) if self._http else None

    async def ready(self) -> None:
        """Return when it is known whether HTTP leads to Triton, after `LOOK_SECONDS` at most."""
        if self._proving is not None:
            await self._looked.wait()

    async def infer(self, entry: str, inputs: Tensors, outputs: Sequence[str], seconds: float) -> Tensors:
        """Outputs by name, by the way that is quickest for such inputs."""
        http = self._proven
        if http is not None and sum(array.nbytes for array in inputs.values()) <= SMALL_BYTES:
            begun = monotonic()
            try:
                with asking("ModelInfer", self.http_url, entry) as headers:
                    return await http.infer(entry, inputs, outputs, seconds, headers)
            except UnreachableError:
                self._proven = None
                self._doubted.set()
                seconds -= monotonic() - begun
        with asking("ModelInfer", self.url, entry) as headers:
            request = infer_request(entry, inputs, outputs)
            return read_outputs(await self.client.infer(request, seconds, headers))

    async def look(self) -> Sight:
        """What the server holds, and what is wrong with one of the ways to it."""
        loaded, unfit = await asyncio.gather(self.loaded(), self._unfit())
        if loaded is None:
            return Sight(None, await self._silence(answers=bool(self._http and not unfit)))
        return Sight(loaded, unfit and self._slower(unfit))

    async def loaded(self) -> set[str] | None:
        """Entries that it can run now; None where it does not answer."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                index = await self.client.index()
        except (ServerUnavailableError, TimeoutError):
            return None
        return {entry for entry, state in index.items() if state is EntryState.READY}

    async def close(self) -> None:
        """Close all connections."""
        if self._proving is not None:
            self._proving.cancel()
            await asyncio.wait([self._proving])
        if self._http is not None:
            self._http.close()
        await self.client.close()

    async def _prove(self, http: HttpClient) -> None:
        """Take HTTP whenever it leads to this server, until a request finds that it does not."""
        told = False
        while True:
            self._doubted.clear()
            unfit = await self._unfit()
            self._proven = None if unfit else http
            self._looked.set()
            if unfit:
                if not told:
                    log.warning("inference server fails", cause=(await self.look()).wrong or unfit)
                told = True
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if told:
                log.info("inference server answers over HTTP", url=self.url, http=self.http_url)
            told = False
            await self._doubted.wait()

    async def _unfit(self) -> str:
        """Why HTTP cannot be taken; empty where it can, or is not wanted."""
        if self._http is None:
            return ""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                name, other = await asyncio.gather(self.client.name(), self._http.name(LOOK_SECONDS))
        except NoTritonError as error:
            return error.message
        except TimeoutError:
            return "no answer in time"
        return "" if name in ("", other) else f"another server answers there, {other} instead of {name}"

    def _slower(self, unfit: str) -> str:
        return (
            f"inference server {self.url} does not answer over HTTP at {self.http_url} ({unfit}): "
            "small requests go over gRPC meanwhile; see triton.http_urls"
        )

    async def _silence(self, *, answers: bool) -> str:
        """Why gRPC may be silent: mostly the server is down, but somebody may have named a wrong port.

        Args:
            answers: over HTTP, where it is said to.

        """
        if answers:
            return f"{self.url} does not answer over gRPC, but {self.http_url} over HTTP; see triton.urls"
        probe = HttpClient(self.url)
        try:
            await probe.name(LOOK_SECONDS / 2)
        except NoTritonError:
            return f"inference server {self.url} does not answer"
        finally:
            probe.close()
        if self._http is None:
            return f"{self.url} speaks HTTP; triton.urls has to name the gRPC port"
        return (
            f"{self.url} speaks HTTP, {self.http_url} does not: triton.urls and triton.http_urls are swapped"
        )
