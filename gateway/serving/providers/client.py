"""The one HTTP client for all upstreams: pooled connections, bounded waits, errors that can be passed on."""

from ast import literal_eval
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, suppress
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.request import getproxies

import aiohttp
import httpx
import msgspec

from control_plane.catalog import Provider
from gateway.serving.errors import ProviderFailedError, UpstreamRefusedError
from gateway.serving.providers.form import Form
from gateway.serving.providers.redaction import redacted

CONNECTIONS = 512
"""Connections to all upstreams together; one more call waits for one of them, within its time."""

IDLE_SECONDS = 4.0
"""How long a connection is kept without a call. Many servers close theirs after five seconds."""

TOO_MANY = 429


class UpstreamClient:
    """Speaks JSON with upstreams, and hands them forms.

    Args:
        unseal: gives the secret of a sealed one; its result is remembered.

    Loading this module and making one, which reads all certificates, takes a while: have a thread do it.

    """

    def __init__(self, unseal: Callable[[bytes], str]) -> None:
        self._unseal = lru_cache(maxsize=1024)(unseal)
        self._certificates = httpx.create_ssl_context()
        self._http: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Make the pool; a running event loop is needed for that."""
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS, keepalive_timeout=IDLE_SECONDS, ssl=self._certificates
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=bool(getproxies()),  # it would look for proxies at each call
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._http is not None:
            await self._http.close()

    async def get(self, provider: Provider, path: str) -> Any:
        """JSON that a path answers.

        Raises:
            ProviderFailedError: it does not answer, not with JSON, or says that it cannot now.
            UpstreamRefusedError: it refuses.

        """
        return await self._json(provider, "GET", path, None)

    async def post(self, provider: Provider, path: str, body: object) -> Any:
        """JSON that a path answers to a JSON body or a form.

        Raises:
            TriremeError: as `get`.

        """
        return await self._json(provider, "POST", path, body)

    async def stream(self, provider: Provider, path: str, body: object) -> AsyncGenerator[bytes, None]:
        """Pieces of the answer to a JSON body, as they come.

        Raises:
            TriremeError: as `get`.

        """
        try:
            async with self._request(provider, "POST", path, body) as response:
                await self._check(provider, response)
                async for piece in response.content.iter_any():
                    yield piece
        except (aiohttp.ClientError, ValueError) as error:
            raise _failed(error, end=".") from None

    async def _json(self, provider: Provider, method: str, path: str, body: object) -> Any:
        try:
            async with self._request(provider, method, path, body) as response:
                await self._check(provider, response)
                content = await response.read()
        except (aiohttp.ClientError, ValueError) as error:
            raise _failed(error) from None
        try:
            return msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderFailedError("The model's provider did not answer with JSON.", status=502) from None

    async def _check(self, provider: Provider, response: aiohttp.ClientResponse) -> None:
        """Raise what an answer other than 2xx means; its words are the upstream's, without its secrets."""
        if 200 <= response.status < 300:
            return
        detail = redacted(_detail(await response.read()), provider.url or "", self._secret(provider))
        if response.status == TOO_MANY or response.status >= 500:
            raise ProviderFailedError(_text(detail), status=response.status, detail=detail)
        status = response.status if response.status >= 400 else 502
        raise UpstreamRefusedError(_text(detail), status=status, detail=detail)

    def _request(
        self, provider: Provider, method: str, path: str, body: object
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        assert self._http is not None, "open() comes first"
        secret = self._secret(provider)
        headers = {"authorization": f"Bearer {secret}"} if secret else {}
        data: aiohttp.FormData | BytesIO | None = None
        if isinstance(body, Form):
            data = _form(body)
        elif body is not None:
            data = BytesIO(msgspec.json.encode(body))  # large ones are sent piece by piece
            headers["content-type"] = "application/json"
        seconds = provider.timeout
        timeout = aiohttp.ClientTimeout(connect=seconds, sock_connect=seconds, sock_read=seconds)
        url = f"{provider.url}{path}"
        return self._http.request(
            method, url, headers=headers, data=data, timeout=timeout, allow_redirects=False
        )

    def _secret(self, provider: Provider) -> str:
        return "" if provider.secret is None else self._unseal(provider.secret)


def _form(body: Form) -> aiohttp.FormData:
    form = aiohttp.FormData(dict(body.fields))
    file = body.file
    form.add_field("file", BytesIO(file.content), filename=file.name, content_type=file.media_type)
    return form


def _failed(error: aiohttp.ClientError | ValueError, *, end: str = "") -> ProviderFailedError:
    """What callers are told of a connection that failed: its kind, and never an address."""
    match error:
        case ValueError():
            return ProviderFailedError("The address or the key of the model's provider cannot be one.")
        case aiohttp.ClientConnectorError():
            return ProviderFailedError("Model is temporarily unavailable, please try again later.")
        case aiohttp.ConnectionTimeoutError():
            kind = "ConnectTimeout"
        case aiohttp.ServerTimeoutError():
            kind = "ReadTimeout"
        case aiohttp.ClientOSError():
            kind = "ReadError"
        case _:
            kind = "RemoteProtocolError"
    return ProviderFailedError(f"Model is too busy ({kind}), please try again later{end}")


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
