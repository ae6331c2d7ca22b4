"""One interface to all kinds of upstreams: probe when added, health check, call."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from control_plane.catalog import Provider, TaskNotSupportedError
from control_plane.errors import UnreachableProviderError
from control_plane.routers.kinds import ProviderKind, RouterType
from control_plane.routers.measures import Capabilities, capabilities_of
from gateway.serving.errors import ProviderFailedError
from gateway.serving.providers.adapter import Adapter, Operation
from gateway.serving.providers.albert import AlbertAdapter
from gateway.serving.providers.events import events
from gateway.serving.providers.form import Form, Json, Speech
from gateway.serving.providers.mistral import MistralAdapter
from gateway.serving.providers.openai import OpenAIAdapter
from gateway.serving.providers.tei import TeiAdapter
from gateway.serving.providers.vllm import VllmAdapter
from gateway.serving.triton import TritonPool
from model_repository.errors import TriremeError

if TYPE_CHECKING:
    from gateway.serving.providers.client import UpstreamClient

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
    """Asks providers of any kind.

    Args:
        unseal: gives the secret of a sealed one.
        triton: for providers of that kind.

    """

    def __init__(self, unseal: Callable[[bytes], str], triton: TritonPool) -> None:
        self._unseal = unseal
        self._triton = triton
        self._opened: UpstreamClient | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            await self._opened.close()

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
                await (await self._client()).get(provider, ADAPTERS[provider.kind].listing)

    async def call(self, provider: Provider, operation: Operation, body: Json | Form) -> Any:
        """JSON that the provider answers to a body in its own words, but for its own name of the model.

        Raises:
            TaskNotSupportedError: such upstreams do not do that.
            TriremeError: see `UpstreamClient.post`.

        """
        path = _adapter(provider, operation).paths[operation]
        return await (await self._client()).post(provider, path, _named(provider, body))

    async def chat(self, provider: Provider, body: Json) -> dict[str, Any]:
        """The answer to a chat.

        Raises:
            UnrepresentableError: the provider has no words for it.
            TriremeError: as `call`.

        """
        shaped = _adapter(provider, Operation.CHAT).chat(body)
        return _object(await self.call(provider, Operation.CHAT, shaped))

    async def chat_events(self, provider: Provider, body: Json) -> AsyncGenerator[bytes, None]:
        """The answer to a chat in pieces: the JSON of each of its events.

        Raises:
            TriremeError: as `chat`.

        """
        shaped = _adapter(provider, Operation.CHAT).chat(body)
        async with aclosing(await self._events(provider, Operation.CHAT, shaped)) as pieces:
            async for piece in pieces:
                yield piece

    async def complete(self, provider: Provider, body: Json) -> dict[str, Any]:
        """The continuation of a text.

        Raises:
            TriremeError: as `call`.

        """
        return _object(await self.call(provider, Operation.COMPLETION, body))

    async def completion_events(self, provider: Provider, body: Json) -> AsyncGenerator[bytes, None]:
        """The continuation of a text in pieces: the JSON of each of its events.

        Raises:
            TriremeError: as `call`.

        """
        async with aclosing(await self._events(provider, Operation.COMPLETION, body)) as pieces:
            async for piece in pieces:
                yield piece

    async def embeddings(self, provider: Provider, body: Json) -> dict[str, Any]:
        """Vectors, as the API answers them.

        Raises:
            TriremeError: as `call`.

        """
        shaped = _adapter(provider, Operation.EMBEDDINGS).embeddings(body)
        return _object(await self.call(provider, Operation.EMBEDDINGS, shaped))

    async def rerank(self, provider: Provider, body: Json) -> dict[str, Any]:
        """A ranking, as the API answers it, in the provider's order and of its number.

        Args:
            body: `query`, `documents`, and more that the kind may forward.

        Raises:
            TriremeError: as `call`.

        """
        adapter = _adapter(provider, Operation.RERANK)
        answer = await self.call(provider, Operation.RERANK, adapter.rerank(body))
        return _object(_read(adapter.ranking, answer))

    async def transcribe(self, provider: Provider, speech: Speech) -> dict[str, Any]:
        """An object with the `text` of a recording, and whatever else the provider told.

        Raises:
            TriremeError: as `call`.

        """
        adapter = _adapter(provider, Operation.TRANSCRIPTION)
        answer = await self.call(provider, Operation.TRANSCRIPTION, adapter.transcription(speech))
        return _object(_read(adapter.transcript, answer))

    async def ocr(self, provider: Provider, body: Json) -> dict[str, Any]:
        """Pages of a document, as the API answers them.

        Raises:
            TriremeError: as `call`.

        """
        shaped = _adapter(provider, Operation.OCR).ocr(body)
        return _object(await self.call(provider, Operation.OCR, shaped))

    async def _events(
        self, provider: Provider, operation: Operation, body: Json
    ) -> AsyncGenerator[bytes, None]:
        path = _adapter(provider, operation).paths[operation]
        return events((await self._client()).stream(provider, path, _named(provider, body)))

    async def _client(self) -> "UpstreamClient":
        """The client; gateways that never call an upstream need not load one."""
        if self._opened is None:
            async with self._opening:
                if self._opened is None:
                    client = await asyncio.to_thread(_load_client, self._unseal)
                    client.open()
                    self._opened = client
        return self._opened

    async def _capabilities(self, provider: Provider, router_type: RouterType) -> Capabilities:
        if provider.kind is ProviderKind.TRITON:
            await self._check_loaded(provider)
            return capabilities_of(provider.graphs)
        adapter = ADAPTERS[provider.kind]
        listing = await (await self._client()).get(provider, adapter.listing)
        length = adapter.context_length(listing, provider.model_name)
        if router_type is not RouterType.EMBEDDING:
            return Capabilities(length)
        answer = await self.call(provider, Operation.EMBEDDINGS, {"input": SENTENCE})
        (vector,) = msgspec.convert(answer, _Embeddings).data
        return Capabilities(length, len(vector.embedding))

    async def _check_loaded(self, provider: Provider) -> None:
        if not await self._triton.holds(provider):
            raise ProviderFailedError(f"model {provider.model_name} is not loaded")


def _load_client(unseal: Callable[[bytes], str]) -> "UpstreamClient":
    from gateway.serving.providers.client import UpstreamClient  # noqa: PLC0415

    return UpstreamClient(unseal)


class _Vector(msgspec.Struct, frozen=True):
    embedding: list[float]


class _Embeddings(msgspec.Struct, frozen=True):
    data: list[_Vector]


def offers(kind: ProviderKind, operation: Operation) -> bool:
    """Whether upstreams of a kind do that."""
    return kind in ADAPTERS and operation in ADAPTERS[kind].paths


def _adapter(provider: Provider, operation: Operation) -> Adapter:
    if not offers(provider.kind, operation):
        raise TaskNotSupportedError(f"model {provider.model_name} does not support the task {operation}")
    return ADAPTERS[provider.kind]


def _named(provider: Provider, body: Json | Form) -> Json | Form:
    """A body with the provider's own name of the model."""
    if isinstance(body, Form):
        return replace(body, fields={**body.fields, "model": provider.model_name})
    return {**body, "model": provider.model_name}


def _read(reading: Callable[[Any], Any], answer: Any) -> Any:
    try:
        return reading(answer)
    except msgspec.ValidationError:
        raise _unreadable() from None


def _object(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise _unreadable()
    return answer


def _unreadable() -> ProviderFailedError:
    return ProviderFailedError(
        "The model's provider answered with something else than was asked.", status=502
    )
