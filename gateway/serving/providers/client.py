"""The one HTTP client for all upstreams: pooled connections, bounded waits, errors that can be passed on."""

from ast import literal_eval
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any

import httpx
import msgspec

from control_plane.catalog import Provider
from gateway.serving.errors import ProviderFailedError, UpstreamRefusedError
from gateway.serving.providers.form import Form
from gateway.serving.providers.redaction import redacted

CONNECTIONS = 512
"""Connections to all upstreams together; one more call waits for one of them, within its time."""

TOO_MANY = 429


class UpstreamClient:
    """Speaks JSON with upstreams, and hands them forms.

    Args:
        unseal: gives the secret of a sealed one; its result is remembered.

    """

    def __init__(self, unseal: Callable[[bytes], str]) -> None:
        self._unseal = lru_cache(maxsize=1024)(unseal)
        self._http: httpx.AsyncClient | None = None

    def open(self) -> None:
        """Make the pool; a running event loop is needed for that."""
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self._http = httpx.AsyncClient(limits=limits)

    async def close(self) -> None:
        """Close all connections."""
        if self._http is not None:
            await self._http.aclose()

    async def get(self, provider: Provider, path: str) -> Any:
        """JSON that a path answers.

        Raises:
            ProviderFailedError: it does not answer, not with JSON, or says that it cannot now.
            UpstreamRefusedError: it refuses.

        """
        return await self._json(provider, self._request(provider, "GET", path, None))

    async def post(self, provider: Provider, path: str, body: object) -> Any:
        """JSON that a path answers to a JSON body or a form.

        Raises:
            TriremeError: as `get`.

        """
        return await self._json(provider, self._request(provider, "POST", path, body))

    async def stream(self, provider: Provider, path: str, body: object) -> AsyncGenerator[bytes, None]:
        """Pieces of the answer to a JSON body, as they come.

        Raises:
            TriremeError: as `get`.

        """
        request = self._request(provider, "POST", path, body)
        try:
            response = await self._pool.send(request, stream=True)
            try:
                await self._check(provider, response)
                async for piece in response.aiter_bytes():
                    yield piece
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise _failed(error, end=".") from None

    async def _json(self, provider: Provider, request: httpx.Request) -> Any:
        try:
            response = await self._pool.send(request)
            await self._check(provider, response)
        except httpx.HTTPError as error:
            raise _failed(error) from None
        try:
            return msgspec.json.decode(response.content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderFailedError("The model's provider did not answer with JSON.", status=502) from None

    async def _check(self, provider: Provider, response: httpx.Response) -> None:
        """Raise what an answer other than 2xx means; its words are the upstream's, without its secrets."""
        if response.is_success:
            return
        detail = redacted(_detail(await response.aread()), provider.url or "", self._secret(provider))
        if response.status_code == TOO_MANY or response.status_code >= 500:
            raise ProviderFailedError(_text(detail), status=response.status_code, detail=detail)
        status = response.status_code if response.status_code >= 400 else 502
        raise UpstreamRefusedError(_text(detail), status=status, detail=detail)

    def _request(self, provider: Provider, method: str, path: str, body: object) -> httpx.Request:
        secret = self._secret(provider)
        headers = {"authorization": f"Bearer {secret}"} if secret else {}
        content: dict[str, Any] = {}
        if isinstance(body, Form):
            file = body.file
            content = {"data": body.fields, "files": {"file": (file.name, file.content, file.media_type)}}
        elif body is not None:
            content = {"content": msgspec.json.encode(body)}
            headers["content-type"] = "application/json"
        try:
            return self._pool.build_request(
                method, f"{provider.url}{path}", headers=headers, timeout=provider.timeout, **content
            )
        except (httpx.InvalidURL, ValueError):
            raise ProviderFailedError("The address of the model's provider is none.") from None

    def _secret(self, provider: Provider) -> str:
        return "" if provider.secret is None else self._unseal(provider.secret)

    @property
    def _pool(self) -> httpx.AsyncClient:
        assert self._http is not None, "open() comes first"
        return self._http


def _failed(error: httpx.HTTPError, *, end: str = "") -> ProviderFailedError:
    """What callers are told of a connection that failed: its kind, and never an address."""
    if isinstance(error, httpx.ConnectError):
        return ProviderFailedError("Model is temporarily unavailable, please try again later.")
    return ProviderFailedError(f"Model is too busy ({type(error).__name__}), please try again later{end}")


def _detail(body: bytes) -> object:
    """The message in a refusal, else its whole JSON, else its text; a message may hold a list or object."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode(errors="replace")
    if not isinstance(document, dict) or "message" not in document:
        return document
    message = document["message"]
    if isinstance(message, str) and message.startswith(("[", "{")):
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            return literal_eval(message)
    return message


def _text(detail: object) -> str:
    return detail if isinstance(detail, str) else msgspec.json.encode(detail).decode()
