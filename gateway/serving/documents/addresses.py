"""Which addresses lie outside of the site's own network."""

import asyncio
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

TRANSLATED = IPv6Network("64:ff9b::/96")
"""Addresses of IPv4, as networks of IPv6 alone write them (RFC 6052)."""


async def addresses_of(host: str, port: int) -> list[Address]:
    """All that a name stands for, in the order of preference; none where it is not known."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]


def is_public(address: Address) -> bool:
    """Whether an address, and whatever other address is wrapped in it, is one of the internet."""
    return all(map(_is_outside, (address, *_wrapped(address))))


def _is_outside(address: Address) -> bool:
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    local = isinstance(address, IPv6Address) and address.is_site_local
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
    return mapped or (address.is_global and not special and not local)


def _wrapped(address: Address) -> Iterator[IPv4Address]:
    """Addresses of IPv4 that a router may take out of one of IPv6."""
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in TRANSLATED:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
