"""How clients reach this gateway, for the absolute addresses that answers hold."""

from dataclasses import dataclass
from typing import Any

from litestar import Request


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """The base of all addresses.

    Attributes:
        configured: URL that the operator has set, or an empty string to go by what each client asked for.

    """

    configured: str

    def of(self, request: Request[Any, Any, Any]) -> str:
        """Base URL, with no slash at its end."""
        return (self.configured or str(request.base_url)).rstrip("/")
