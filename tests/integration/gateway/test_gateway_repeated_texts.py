"""A gateway that keeps answers: a text that it has embedded before costs no call of Triton."""

import pytest
from running import gateway
from site_setup import Site

from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def test_the_same_text_again_needs_no_triton(site: Site, alice: str) -> None:
    texts = ["a galley with three rows of oars", "the train leaves"]
    async with gateway(site, GatewaySettings(cache_bytes=2**20), key=alice) as client:
        first = await client.post("/text-vectorisation", json={"text": texts})
        again = await client.post("/text-vectorisation", json={"text": texts[::-1]})
    assert first.status_code == again.status_code == 200
    assert again.json()["vector"] == first.json()["vector"][::-1]
    assert "triton;" in first.headers["server-timing"]
    assert "triton;" not in again.headers["server-timing"]
