"""A provider that is busy: who waits, who is sent away, and when its place is free again."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from databases import NewDatabase
from inference_site import ROOT, Site, gateway
from vendors import Vendors

from gateway.serving.routing.settings import RoutingSettings
from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

QUESTION = [{"role": "user", "content": "How many rows of oars has a trireme?"}]
IMPATIENT = GatewaySettings(routing=RoutingSettings(max_retries=2, retry_countdown=0.5, queue=1))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def impatient(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("impatient")
    async with gateway(new_database(folder), folder, IMPATIENT) as running:
        yield running


async def busy_model(site: Site, vendors: Vendors, **policy: object) -> str:
    """A model of one provider that streams for ever, and otherwise answers at once."""
    model = await site.model(vendors.at("endless"), "vllm")
    (router,) = [each["id"] for each in await site.routers() if each["name"] == model]
    providers = (await site.call("GET", f"/admin/providers?router={router}")).json()["data"]
    changed = await site.call("PATCH", f"/admin/providers/{providers[0]['id']}", policy)
    assert changed.status_code == 204
    return model


async def test_a_call_beyond_the_limit_waits_and_hears_for_how_long(impatient: Site, vendors: Vendors):
    model = await busy_model(impatient, vendors, qos_metric="inflight", qos_limit=0)
    body: dict[str, Any] = {"model": model, "messages": QUESTION}
    headers = {"authorization": f"Bearer {ROOT}"}
    streaming = impatient.client.stream(
        "POST", "/v1/chat/completions", json={**body, "stream": True}, headers=headers
    )
    async with streaming as stream:
        assert stream.status_code == 200
        await vendors.going.wait()
        waiting = [asyncio.create_task(impatient.call("POST", "/chat/completions", body)) for _ in range(2)]
        answers = [await each for each in waiting]
        assert [answer.status_code for answer in answers] == [503, 503]
        assert [answer.headers["retry-after"] for answer in answers] == ["10", "10"]
        said = sorted(answer.json()["detail"] for answer in answers)
        assert said[0] == "Model is too busy after 0 seconds", "one may wait, and one does already"
        assert said[1] in {f"Model is too busy after {seconds} seconds" for seconds in range(1, 10)}
        assert len(vendors.asked) == 1
    await vendors.left.wait()
    assert (await impatient.call("POST", "/chat/completions", body)).status_code == 200


async def test_a_caller_who_waits_gets_the_place_of_one_who_leaves(impatient: Site, vendors: Vendors):
    model = await busy_model(impatient, vendors, qos_metric="inflight", qos_limit=0)
    key = await impatient.user(model, priority=4)
    body: dict[str, Any] = {"model": model, "messages": QUESTION}
    headers = {"authorization": f"Bearer {key}"}
    streaming = impatient.client.stream(
        "POST", "/v1/chat/completions", json={**body, "stream": True}, headers=headers
    )
    async with streaming:
        await vendors.going.wait()
        waiting = asyncio.create_task(impatient.call("POST", "/chat/completions", body, key=key))
    assert (await waiting).status_code == 200
