"""What goes out together, and when."""

import asyncio
from collections.abc import Iterable
from typing import cast

import pytest

from gateway.protocol import HELD_BYTES, JoiningTransport


class Wire:
    """A transport that remembers its packets."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.closed = False

    def writelines(self, parts: Iterable[bytes]) -> None:
        assert not self.closed
        self.packets.append(b"".join(parts))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def get_extra_info(self, name: str) -> str:
        return f"the {name}"


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def transport(wire: Wire) -> JoiningTransport:
    return JoiningTransport(cast("asyncio.Transport", wire), asyncio.get_running_loop())


async def test_what_is_written_in_one_turn_is_one_packet(transport: JoiningTransport, wire: Wire) -> None:
    transport.write(b"head ")
    transport.write(b"body")
    assert not wire.packets
    await asyncio.sleep(0)
    transport.write(b"next")
    await asyncio.sleep(0)
    assert wire.packets == [b"head body", b"next"]


async def test_long_answers_are_not_held(transport: JoiningTransport, wire: Wire) -> None:
    transport.write(b"head ")
    transport.write(bytes(HELD_BYTES))
    assert wire.packets == [b"head " + bytes(HELD_BYTES)]
    await asyncio.sleep(0)
    assert len(wire.packets) == 1


async def test_closing_sends_what_is_held(transport: JoiningTransport, wire: Wire) -> None:
    transport.write(b"last words")
    transport.close()
    await asyncio.sleep(0)
    assert wire.closed
    assert wire.packets == [b"last words"]


async def test_nothing_is_sent_to_a_client_that_has_gone(transport: JoiningTransport, wire: Wire) -> None:
    transport.write(b"too late")
    wire.closed = True
    await asyncio.sleep(0)
    assert not wire.packets


async def test_all_else_is_up_to_the_transport_itself(transport: JoiningTransport) -> None:
    assert transport.get_extra_info("socket") == "the socket"
