"""Limits and usage of calls over HTTP, through the real Triton."""

import pytest
import pytest_asyncio
from metered import key_with, records
from running import gateway
from site_setup import Site

from control_plane.catalog import LimitType
from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

TEXT = {"text": "three rows of oars", "model": "tiny"}


@pytest_asyncio.fixture(loop_scope="session")
async def two_a_minute(site: Site, alice: str) -> str:
    return await key_with(site, "bob", {**dict.fromkeys(LimitType), LimitType.REQUESTS_PER_MINUTE: 2})


async def test_a_limit_is_kept_and_told(site: Site, two_a_minute: str) -> None:
    async with gateway(site, GatewaySettings(), two_a_minute) as client:
        answers = [await client.post("/text-vectorisation", json=TEXT) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        told = "2 requests per minute exceeded (remaining: 0): Wait until the window has passed."
        assert answers[2].json() == {"message": told}
        assert 1 <= int(answers[2].headers["retry-after"]) <= 60
        assert answers[2].headers["x-ratelimit-limit"] == "2"
        stored = await records(site, "bob", 2)
    assert [record.status for record in stored] == [200, 200]
    first = stored[0]
    assert (first.api, first.endpoint, first.method) == ("backprop", "/text-vectorisation", "POST")
    assert (first.router_name, first.task, first.key_name) == ("tiny", "embedding", "test")
    assert (first.prompt_tokens, first.completion_tokens, first.cost) == (5, 0, 0.0)
    assert first.model_prompt_tokens
    assert first.latency_ms > 0
    assert first.request_id == answers[0].headers["x-request-id"]


async def test_a_role_without_the_model_does_not_find_it(site: Site, alice: str) -> None:
    key = await key_with(site, "carol", {})
    partly = await key_with(site, "dave", {LimitType.REQUESTS_PER_DAY: 5})
    async with gateway(site, GatewaySettings(), key) as client:
        absent = await client.post("/text-vectorisation", json=TEXT)
        unknown = await client.post("/text-vectorisation", json={**TEXT, "model": "none"})
        forbidden = await client.post("/text-vectorisation", json=TEXT, headers={"x-api-key": partly})
    assert absent.status_code == unknown.status_code == 404
    assert absent.json()["message"] == unknown.json()["message"].replace("none", "tiny")
    assert forbidden.status_code == 403
