"""Every kind of upstream behind one door: probed when it is added, looked at now and then, called."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import msgspec

from control_plane.catalog import Provider, TaskNotSupportedError
from control_plane.errors import UnreachableProviderError
from control_plane.routers.kinds import ProviderKind, RouterType
from control_plane.routers.measures import Capabilities, capabilities_of
from gateway.serving.errors import ProviderFailedError
from gateway.serving.providers.adapter import Adapter, Operation
from gateway.serving.providers.albert import AlbertAdapter
from gateway.serving.providers.client import UpstreamClient
from gateway.serving.providers.mistral import MistralAdapter
from gateway.serving.providers.openai import OpenAIAdapter
from gateway.serving.providers.tei import TeiAdapter
from gateway.serving.providers.vllm import VllmAdapter
from gateway.serving.triton import TritonPool
from model_repository.errors import TriremeError

PROBE_SECONDS = 15.0
"""Time for a probe, whatever the provider's own timeout is."""

SENTENCE = "A galley with three rows of oars."

ADAPTERS: Mapping[ProviderKind, Adapter] = {
    ProviderKind.ALBERT: AlbertAdapter(),
    ProviderKind.OPENAI: OpenAIAdapter(),
    ProviderKind.MISTRAL: MistralAdapter(),
    ProviderKind.TEI: TeiAdapter(),
    ProviderKind.VLLM: VllmAdapter(),
}
"""Kinds that are spoken to over HTTP; Triton has its own pool."""


class Upstreams:
    """Asks providers of any kind."""

    def __init__(self, client: UpstreamClient, triton: TritonPool) -> None:
        self._client = client
        self._triton = triton

    async def probe(self, provider: Provider, router_type: RouterType) -> Capabilities:
        """What the provider's model is capable of.

        Raises:
            UnreachableProviderError: it does not answer, or not with that model.

        """
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                return await self._capabilities(provider, router_type)
        except (TriremeError, LookupError, TimeoutError, msgspec.ValidationError):
            raise UnreachableProviderError(f"Model provider {provider.model_name} not reachable.") from None

    async def look(self, provider: Provider) -> None:
        """Make sure that a provider answers at all.

        Raises:
            TriremeError: it does not.
            TimeoutError: it does not in time.

        """
        async with asyncio.timeout(PROBE_SECONDS):
            if provider.kind is ProviderKind.TRITON:
                await self._check_loaded(provider)
            else:
                await self._client.get(provider, ADAPTERS[provider.kind].listing)

    async def call(self, provider: Provider, operation: Operation, body: Mapping[str, object]) -> Any:
        """JSON that the provider answers; `model` in the body becomes the provider's name of it.

        Raises:
            TaskNotSupportedError: such upstreams do not do that.
            TriremeError: see `UpstreamClient.post`.

        """
        path = _path(provider, operation)
        return await self._client.post(provider, path, {**body, "model": provider.model_name})

    def stream(
        self, provider: Provider, operation: Operation, body: Mapping[str, object]
    ) -> AsyncGenerator[bytes, None]:
        """Pieces of what the provider answers, as `call`.

        Raises:
            TaskNotSupportedError: such upstreams do not do that.
            TriremeError: see `UpstreamClient.stream`.

        """
        path = _path(provider, operation)
        return self._client.stream(provider, path, {**body, "model": provider.model_name})

    async def _capabilities(self, provider: Provider, router_type: RouterType) -> Capabilities:
        if provider.kind is ProviderKind.TRITON:
            await self._check_loaded(provider)
            return capabilities_of(provider.graphs)
        adapter = ADAPTERS[provider.kind]
        listing = await self._client.get(provider, adapter.listing)
        length = adapter.context_length(listing, provider.model_name)
        if router_type is not RouterType.EMBEDDING:
            return Capabilities(length)
        answer = await self.call(provider, Operation.EMBEDDINGS, {"input": SENTENCE})
        (vector,) = msgspec.convert(answer, _Embeddings).data
        return Capabilities(length, len(vector.embedding))

    async def _check_loaded(self, provider: Provider) -> None:
        if not await self._triton.holds(provider):
            raise ProviderFailedError(f"model {provider.model_name} is not loaded")


class _Vector(msgspec.Struct, frozen=True):
    embedding: list[float]


class _Embeddings(msgspec.Struct, frozen=True):
    data: list[_Vector]


def _path(provider: Provider, operation: Operation) -> str:
    adapter = ADAPTERS.get(provider.kind)
    if adapter is None or operation not in adapter.paths:
        raise TaskNotSupportedError(f"model {provider.model_name} does not support the task {operation}")
    return adapter.paths[operation]
