"""What the tests of this folder speak to."""

from dataclasses import dataclass

import httpx


@dataclass
class Site:
    """A running site and an author on it."""

    client: httpx.AsyncClient
    key: str

    @property
    def url(self) -> str:
        return str(self.client.base_url).rstrip("/")
