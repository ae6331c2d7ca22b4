"""Documents that callers name by an address.

Callers must not reach through the gateway what only the gateway can reach. So a host's name is resolved here,
every address that it stands for is checked, and the connection goes to a checked address: a name that stands
for another one a moment later changes nothing. Redirects go the same way, step by step.
"""

import asyncio

import httpx

from gateway.serving.documents.addresses import Address, addresses_of, is_public
from gateway.serving.documents.errors import DocumentRefusedError, DocumentTooLargeError
from gateway.serving.documents.settings import DocumentSettings
from gateway.serving.gate import Gate

REDIRECTS = 3
ATTEMPTS = 2
"""Addresses of a host that are tried."""

PORTS = {"http": 80, "https": 443}
LAST_PORT = 65535

HEADERS = {"user-agent": "trireme", "accept": "*/*", "accept-encoding": "identity"}


class Fetcher:
    """Fetches documents."""

    def __init__(self, settings: DocumentSettings) -> None:
        self._settings = settings
        self._gate = Gate("documents", at_once=4 * settings.at_once, queue=settings.queue)
        self._hosts = frozenset(host.lower() for host in settings.hosts)

    async def fetch(self, url: str) -> bytes:
        """What an address answers.

        Raises:
            DocumentRefusedError: it is not to be fetched, or does not come, or not in time.
            DocumentTooLargeError: it is too large.
            OverloadedError: too many documents wait.

        """
        if not self._settings.fetch:
            raise DocumentRefusedError(
                "Documents are not fetched here.", hint="Send the document as a data URL."
            )
        async with self._gate.enter():
            try:
                # Without the proxies of the environment, which would resolve the name once more.
                async with (
                    asyncio.timeout(self._settings.fetch_seconds),
                    httpx.AsyncClient(trust_env=False, timeout=None) as client,  # noqa: S113 - see above
                ):
                    return await self._follow(client, url)
            except TimeoutError:
                seconds = self._settings.fetch_seconds
                raise _refused(f"it did not arrive within {seconds:g} seconds") from None
            except (httpx.InvalidURL, UnicodeError):  # the latter of names that no IDNA makes
                raise _refused("its address is none") from None
            except httpx.HTTPError:
                raise _refused("its host does not answer, or not with HTTP") from None

    async def _follow(self, client: httpx.AsyncClient, address: str) -> bytes:
        url = httpx.URL(address)
        for _ in range(REDIRECTS + 1):
            response = await self._ask(client, url)
            try:
                if response.has_redirect_location:
                    url = url.join(response.headers["location"])
                    continue
                if not response.is_success:
                    raise _refused(f"its host answered with the status {response.status_code}")
                return await self._body(response)
            finally:
                await response.aclose()
        raise _refused("its host redirects too often")

    async def _ask(self, client: httpx.AsyncClient, url: httpx.URL) -> httpx.Response:
        """The answer of a checked address, its body unread."""
        if url.scheme not in PORTS or not url.host or url.userinfo or (url.port or 0) > LAST_PORT:
            raise _refused("its address must be http://HOST/… or https://HOST/…")
        failure: httpx.HTTPError = httpx.ConnectError("no address")
        for address in (await self._checked(url))[:ATTEMPTS]:
            request = client.build_request(
                "GET",
                url.copy_with(host=str(address)),
                headers={**HEADERS, "host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            try:
                return await client.send(request, stream=True)
            except httpx.ConnectError as error:
                failure = error
        raise failure

    async def _checked(self, url: httpx.URL) -> list[Address]:
        found = await addresses_of(url.host, url.port or PORTS[url.scheme])
        allowed = url.host.lower() in self._hosts
        if not found or not (allowed or all(map(is_public, found))):
            raise _refused("its host is not known, or not public")
        return found

    async def _body(self, response: httpx.Response) -> bytes:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise _refused("its host compresses it, unasked")
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > self._settings.max_bytes:
                raise DocumentTooLargeError(self._settings.max_bytes)
        return bytes(body)


def _refused(reason: str) -> DocumentRefusedError:
    return DocumentRefusedError(f"The document cannot be fetched: {reason}.")
