"""The pool of Triton servers: one inference a pack, by one that answers, within a time limit."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from time import monotonic

import structlog

from control_plane.catalog import Provider
from gateway.observability.spans import asking
from gateway.observability.timing import stage
from gateway.serving.server import Server, Sight, Tensors
from model_repository.client import infer_request, read_outputs
from model_repository.errors import ServerUnavailableError
from model_repository.manifest import Manifest

AVOID_SECONDS = 1.0
"""How long a server that failed is asked last."""

log = structlog.get_logger(__name__)


class TritonPool:
    """Picks the least busy server, and another one when it does not answer.

    Args:
        urls: gRPC addresses `host:port` of the servers that hold the site's repository.
        http_urls: HTTP addresses of the same servers in the same order, or none.
        timeout: seconds for one pack, waiting included.
        stream_timeout: seconds for one stream, all of its responses included.
        in_flight: packs that may be on their way together; the others wait their turn.

    """

    def __init__(
        self,
        urls: Sequence[str],
        http_urls: Sequence[str] = (),
        *,
        timeout: float,
        in_flight: int,
        stream_timeout: float = 300.0,
    ) -> None:
        self._urls = urls
        self._http_urls = http_urls or [""] * len(urls)
        self._site: list[Server] = []
        self._others: dict[str, Server] = {}
        self._timeout = timeout
        self._stream_timeout = stream_timeout
        self._slots = asyncio.Semaphore(in_flight)

    async def open(self) -> None:
        """Make the clients, and find out which of the servers can be asked over HTTP."""
        self._site = [Server(*both) for both in zip(self._urls, self._http_urls, strict=True)]
        await asyncio.gather(*(server.ready() for server in self._site))

    async def infer(
        self,
        provider: Provider,
        graph: Manifest,
        inputs: Tensors,
        outputs: Sequence[str],
    ) -> Tensors:
        """Outputs by name of one of the provider's graphs for one pack of rows.

        Raises:
            ServerUnavailableError: no server answers, or not in time.
            InferenceError: the model answered with an error.

        """
        deadline = monotonic() + self._timeout
        if self._slots.locked():
            await self._wait()
        else:
            await self._slots.acquire()
        try:
            return await self._send(provider, graph.entry, inputs, outputs, deadline)
        finally:
            self._slots.release()

    async def call(
        self,
        provider: Provider,
        graph: Manifest,
        inputs: Tensors,
        outputs: Sequence[str],
        *,
        seconds: float,
    ) -> Tensors:
        """Outputs of a request that takes its own time, and no place among the packs of others.

        Raises:
            ServerUnavailableError: no server answers, or not in time.
            InferenceError: the model answered with an error.

        """
        with stage("triton"):
            return await self._send(provider, graph.entry, inputs, outputs, monotonic() + seconds)

    async def stream(
        self,
        provider: Provider,
        graph: Manifest,
        inputs: Tensors,
        outputs: Sequence[str],
    ) -> AsyncGenerator[Tensors, None]:
        """Outputs of each response to one request to a graph that answers with several.

        Another server is asked only as long as none has responded.

        Raises:
            ServerUnavailableError: no server answers or takes the request, or it is not done in time.
            RefusedInputError: the model refuses the request.
            InferenceError: the model answered with an error.

        """
        request = infer_request(graph.entry, inputs, outputs)
        failure: ServerUnavailableError | None = None
        for server in self._candidates(provider):
            server.in_flight += 1
            begun = False
            try:
                with asking("ModelStreamInfer", server.url, graph.entry) as headers:
                    sent = server.client.stream(request, self._stream_timeout, headers)
                    async with aclosing(sent) as responses:
                        async for response in responses:
                            begun = True
                            yield read_outputs(response)
            except ServerUnavailableError as error:
                if begun:
                    raise
                failure = error
                server.avoid_until = monotonic() + AVOID_SECONDS
                log.warning("inference server failed", url=server.url, cause=error.message)
            else:
                return
            finally:
                server.in_flight -= 1
        raise failure or _nobody()

    async def look(self) -> list[Sight]:
        """What each of the site's servers holds now, and what is wrong with it."""
        return await asyncio.gather(*(server.look() for server in self._site))

    async def holds(self, provider: Provider) -> bool:
        """Whether a server that the provider stands for can run all of its graphs now."""
        wanted = {graph.entry for graph in provider.graphs}
        answers = await asyncio.gather(*(server.loaded() for server in self._candidates(provider)))
        return any(wanted <= held for held in answers if held is not None)

    async def close(self) -> None:
        """Close all channels."""
        for server in (*self._site, *self._others.values()):
            await server.close()

    async def _wait(self) -> None:
        """Take a slot when one becomes free."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._slots.acquire()
        except TimeoutError:
            raise ServerUnavailableError(
                f"the inference server has had too much to do for {self._timeout:g} seconds"
            ) from None

    async def _send(
        self, provider: Provider, entry: str, inputs: Tensors, outputs: Sequence[str], deadline: float
    ) -> Tensors:
        failure: ServerUnavailableError | None = None
        for server in self._candidates(provider):
            server.in_flight += 1
            try:
                return await server.infer(entry, inputs, outputs, deadline - monotonic())
            except ServerUnavailableError as error:
                failure = error
                server.avoid_until = monotonic() + AVOID_SECONDS
                log.warning(
                    "inference server failed", url=server.url, http=server.http_url, cause=error.message
                )
            finally:
                server.in_flight -= 1
        raise failure or _nobody()

    def _candidates(self, provider: Provider) -> list[Server]:
        """Servers worth asking: those that did not just fail first, the least busy of them foremost."""
        if provider.url is not None:
            return [self._other(provider.url)]
        if len(self._site) < 2:
            return self._site
        now = monotonic()
        return sorted(self._site, key=lambda server: (server.avoid_until > now, server.in_flight))

    def _other(self, url: str) -> Server:
        if url not in self._others:
            self._others[url] = Server(url)
        return self._others[url]


def _nobody() -> ServerUnavailableError:
    return ServerUnavailableError("no inference server is configured")
