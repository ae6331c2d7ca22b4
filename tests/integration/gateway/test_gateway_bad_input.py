"""Every row of the contract's errors, with its exact body."""

import json
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PATH = "/text-vectorisation"
TEXT = "`text` must be a string, not empty"
TEXTS = "`text` must be a list of 1 to 1024 items, each a string, not empty"
MODEL = "`model` must be the name of a model, or empty or null for the default, `english`"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body must be a JSON object"),
        (b"{", "the body is not valid JSON: Input data was truncated"),
        (b"hello", "the body is not valid JSON: JSON is malformed: invalid character (byte 0)"),
        (b"[]", "the body must be a JSON object: expected `object`, got `array`"),
        (b'"text"', "the body must be a JSON object: expected `object`, got `str`"),
        (b"{}", TEXT.replace("must be", "is missing: it must be")),
        (b'{"text": null}', f"{TEXT}: expected `str`, got `null` at `text`"),
        (b'{"text": 5}', f"{TEXT}: expected `str`, got `int` at `text`"),
        (b'{"text": {}}', f"{TEXT}: expected `str`, got `object` at `text`"),
        (b'{"text": ""}', f"{TEXT}: expected `str` of length >= 1 at `text`"),
        (b'{"text": []}', f"{TEXTS}: expected `array` of length >= 1 at `text`"),
        (b'{"text": ["a", 1]}', f"{TEXTS}: expected `str`, got `int` at `text[1]`"),
        (b'{"text": ["a", ""]}', f"{TEXTS}: expected `str` of length >= 1 at `text[1]`"),
        (
            json.dumps({"text": ["a"] * 1025}).encode(),
            f"{TEXTS}: expected `array` of length <= 1024 at `text`",
        ),
        (b'{"text": "a", "model": 5}', f"{MODEL}: expected `str | null`, got `int` at `model`"),
        (
            b'{"text": "a", "more": NaN}',
            "the body is not valid JSON: JSON is malformed: invalid character (byte 22)",
        ),
        (b'{"text": "a", "more": ' + b"[" * 100_000, "the body is nested too deeply"),
    ],
)
async def test_body_is_refused(client: httpx.AsyncClient, body: bytes, message: str) -> None:
    response = await client.post(PATH, content=body)
    assert (response.status_code, response.json()) == (400, {"message": message})


async def test_text_that_is_not_utf8(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, content=b'{"text": "\xff"}')
    assert response.status_code == 400
    assert response.json()["message"].startswith("the body is not valid JSON: 'utf-8' codec can't decode")


@pytest.mark.parametrize("key", ["", "wrong", "sk-\u00e9"])
@pytest.mark.parametrize(("method", "path"), [("POST", PATH), ("GET", "/models"), ("DELETE", "/models/x")])
async def test_wrong_key_comes_before_the_body(
    client: httpx.AsyncClient, method: str, path: str, key: str
) -> None:
    headers = {b"x-api-key": key.encode()}
    response = await client.request(method, path, content=b"{", headers=headers)
    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})


async def test_unknown_model(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, json={"text": "w1", "model": "nobody"})
    assert (response.status_code, response.json()) == (404, {"message": "model nobody not found"})


async def test_model_of_a_catalogue_that_is_not_installed(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, json={"text": "w1", "model": "multilingual"})
    message = response.json()["message"]
    assert response.status_code == 404
    assert message.startswith("model multilingual not found: ")
    assert "trireme models add" in message


async def test_body_over_the_limit(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, json={"text": "a" * (17 * 2**20)})
    limit = {"message": "the body is larger than 16777216 bytes"}
    assert (response.status_code, response.json()) == (413, limit)


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/nowhere", 404, "Not Found"),
        ("GET", PATH, 405, "Method Not Allowed"),
        ("POST", "/models", 405, "Method Not Allowed"),
        ("PUT", "/models/x", 405, "Method Not Allowed"),
    ],
)
async def test_unknown_path_and_wrong_method(
    client: httpx.AsyncClient, method: str, path: str, status: int, message: str
) -> None:
    response = await client.request(method, path)
    assert (response.status_code, response.json()) == (status, {"message": message})
    assert response.headers["x-request-id"]


@pytest.mark.parametrize("value", ["yes", "2", "", "nan"])
async def test_include_global_is_a_boolean(client: httpx.AsyncClient, value: Any) -> None:
    response = await client.get("/models", params={"include_global": value})
    assert response.status_code == 400
    assert "`include_global`" in response.json()["message"]
