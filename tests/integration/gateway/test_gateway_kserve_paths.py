"""Paths of `/v2`: names with slashes, graphs of a model of several, and what is nowhere."""

from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http.aio as triton
from kserve_tensors import doubled, of_json, tensors
from running import gateway
from site_setup import Site
from sqlmodel import select

from control_plane.db.generation import touch_catalog
from control_plane.routers.tables import Router
from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def rename(site: Site, old: str, new: str) -> None:
    async with site.database.session() as session:
        (await session.exec(select(Router).where(Router.name == old))).one().name = new
        await touch_catalog(session)


async def test_names_may_hold_slashes_and_end_like_paths(site: Site, alice: str) -> None:
    for old, new in (("halves", "nautical/halves"), ("ready", "nautical/halves/ready")):
        await site.deploy(old, doubled())
        await rename(site, old, new)
    async with gateway(site, GatewaySettings(), alice) as fresh:

        async def told(path: str) -> Any:
            answer = await fresh.get(f"/v2/models/{path}")
            assert answer.status_code == 200, answer.text
            return answer.json()

        assert (await told("nautical/halves"))["name"] == "nautical/halves"
        assert await told("nautical/halves/ready") == {"name": "nautical/halves", "ready": True}
        assert await told("nautical/halves/versions/1/ready") == await told("nautical/halves/ready")
        other = "nautical/halves/ready"
        described = await told("nautical%2Fhalves%2fready")
        assert (described["name"], "inputs" in described) == (other, True)
        for path in ("nautical/halves/ready/ready", "nautical%2Fhalves%2Fready/versions/1/ready"):
            assert await told(path) == {"name": other, "ready": True}
        body = {"inputs": [of_json("half", np.ones(1), "FP16")]}
        for name in ("nautical%2Fhalves", "nautical/halves", other):
            answer = await fresh.post(f"/v2/models/{name}/infer", json=body)
            assert answer.json()["outputs"][0]["data"] == [2.0]
            assert answer.json()["model_name"] == name.replace("%2F", "/")


async def test_graphs_of_a_model_of_several_have_names_of_their_own(
    triton_client: triton.InferenceServerClient, kserve: httpx.AsyncClient, bearer: dict[str, str]
) -> None:
    pixels = np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(np.float32)
    answer = await triton_client.infer("clip.image", list(tensors(pixel_values=pixels)), headers=bearer)
    assert answer.as_numpy("image_embeds").shape == (2, 16)
    assert (await triton_client.get_model_metadata("clip.text", headers=bearer))["name"] == "clip.text"
    refused = await kserve.get("/v2/models/clip")
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": "model clip is several graphs: ask for clip.image or clip.text"},
    )
    assert (await kserve.get("/v2/models/clip.sound")).status_code == 404


async def test_unknown_paths_are_answered_as_the_protocol_does(kserve: httpx.AsyncClient) -> None:
    assert (await kserve.get("/v2")).json()["name"] == "trireme"
    for path in ("/v2/repository/index", "/v2/models", "/v2/models/tiny/stats"):
        answer = await kserve.get(path)
        assert answer.status_code == 404
        assert "error" in answer.json()
