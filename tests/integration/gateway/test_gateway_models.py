"""`/models`: what an account sees of its own models and of the built-in ones."""

import re

import httpx
import pytest
from running import gateway
from site_setup import Site
from tiny_model import average

from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def test_account_without_models(client: httpx.AsyncClient) -> None:
    assert (await client.get("/models")).json() == []


@pytest.mark.parametrize("value", ["true", "TRUE", "True", "1"])
async def test_built_in_models_hide_their_build(zoo: httpx.AsyncClient, value: str) -> None:
    response = await zoo.get("/models", params={"include_global": value})
    listed = {model["name"]: (model["description"], model["tasks"]) for model in response.json()}
    expected = {
        "clip": ("clip", ["text-vectorisation", "image-vectorisation"]),
        "colours": ("colours", ["image-classification"]),
        "english": (
            "clip nli spans tiny",
            ["image-classification", "text-classification", "qa", "text-vectorisation"],
        ),
        "sentiment": ("sentiment", ["text-classification"]),
    }
    assert expected.items() <= listed.items()  # other tests may have put more into service
    for model in response.json():
        assert model.keys() == {"id", "name", "description", "tasks"}
        assert model["id"] == f"model_{model['name']}"


@pytest.mark.parametrize("value", ["false", "FALSE", "0"])
async def test_built_in_models_are_left_out(client: httpx.AsyncClient, value: str) -> None:
    assert (await client.get("/models", params={"include_global": value})).json() == []


@pytest.mark.parametrize("name", ["nobody", "english", "tiny", "a b", "%C3%A4"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_model_that_is_not_the_callers(client: httpx.AsyncClient, method: str, name: str) -> None:
    response = await client.request(method, f"/models/{name}")
    shown = name.replace("%C3%A4", "\u00e4")
    assert (response.status_code, response.json()) == (404, f"model {shown} not found")


@pytest.mark.parametrize("path", ["/models", "/models/{name}", "/builds/{build}", "/builds/{build}/log"])
async def test_what_is_told_to_be_built_answers_at_once(site: Site, path: str) -> None:
    account = "early" + "".join(filter(str.isalpha, path))
    key = await site.key(account)
    async with gateway(site, GatewaySettings(poll_interval=3600), key) as client:
        await site.deploy("ready", average(seed=5), owner=account)
        body = {"text": "w1", "model": "ready"}
        assert (await client.post("/text-vectorisation", json=body)).status_code == 404
        build = (await client.get("/builds")).json()["builds"][0]["id"]
        told = await client.get(path.format(name="ready", build=build))
        assert "succe" in told.text
        assert (await client.post("/text-vectorisation", json=body)).status_code == 200


async def test_life_of_an_own_model(site: Site) -> None:
    carol, dave = await site.key("carol"), await site.key("dave")
    await site.announce("mine", owner="carol")
    async with gateway(site, GatewaySettings(), carol) as client:
        body = {"text": "w1", "model": "mine"}
        building = (await client.get("/models")).json()
        assert building == [
            {
                "id": "model_mine",
                "name": "mine",
                "description": "mine",
                "tasks": ["text-vectorisation"],
                "build_status": "building",
                "last_deployment": None,
            }
        ]
        early = await client.post("/text-vectorisation", json=body)
        assert (early.status_code, early.json()) == (409, {"message": "model mine is still building"})
        assert early.headers["retry-after"] == "5"

        await site.deploy("mine", average(seed=3), owner="carol")
        found = (await client.get("/models/mine")).json()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found.pop("last_deployment"))
        assert found.pop("build_message") is not None
        assert found == {
            "id": "model_mine",
            "name": "mine",
            "description": "mine",
            "tasks": ["text-vectorisation"],
            "build_status": "success",
            "model_url": None,
            "config_url": None,
            "requirements_url": None,
        }
        other = {"x-api-key": dave}
        for method in ("GET", "DELETE"):
            response = await client.request(method, "/models/mine", headers=other)
            assert (response.status_code, response.json()) == (404, "model mine not found")
        hidden = await client.post("/text-vectorisation", json=body, headers=other)
        assert (hidden.status_code, hidden.json()) == (404, {"message": "model mine not found"})

        deleted = await client.delete("/models/mine")
        assert (deleted.status_code, deleted.content) == (200, b"null")
        gone = await client.post("/text-vectorisation", json=body)
        assert (gone.status_code, gone.json()) == (404, {"message": "model mine not found"})
        assert (await client.get("/models/mine")).status_code == 404
