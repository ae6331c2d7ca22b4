"""`POST /text-vectorisation` from HTTP to Triton and back."""

import asyncio

import httpx
import numpy as np
import pytest
from tiny_model import DIMENSIONS, expected

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PATH = "/text-vectorisation"


async def vectors(client: httpx.AsyncClient, text: str | list[str], **body: object) -> np.ndarray:
    response = await client.post(PATH, json={"text": text, **body})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    (vector,) = response.json().values()
    return np.array(vector, np.float32)


async def test_single_text(client: httpx.AsyncClient) -> None:
    vector = await vectors(client, "w1 w2 W3 unknown")
    assert vector.shape == (DIMENSIONS,)
    np.testing.assert_allclose(vector, expected("w1 w2 W3 unknown", 1), atol=1e-5)


async def test_batch_keeps_order_and_shape(client: httpx.AsyncClient) -> None:
    texts = [" ".join(f"w{(row * 7 + column) % 200}" for column in range(row % 13 + 1)) for row in range(50)]
    result = await vectors(client, texts)
    np.testing.assert_allclose(result, [expected(text, 1) for text in texts], atol=1e-5)
    assert (await vectors(client, ["w1"])).shape == (1, DIMENSIONS)


@pytest.mark.parametrize("model", ["", None, "english", "tiny"])
async def test_names_of_the_default(client: httpx.AsyncClient, model: str | None) -> None:
    np.testing.assert_allclose(await vectors(client, "w9", model=model), expected("w9", 1), atol=1e-5)


async def test_unknown_fields_are_ignored(client: httpx.AsyncClient) -> None:
    np.testing.assert_allclose(await vectors(client, "w9", top_k=[1]), expected("w9", 1), atol=1e-5)


async def test_long_text_is_cut(client: httpx.AsyncClient) -> None:
    text = " ".join(f"w{number}" for number in range(200))
    np.testing.assert_allclose(await vectors(client, text), expected(text, 1), atol=1e-5)


async def test_ten_megabytes_of_text(client: httpx.AsyncClient) -> None:
    text = "w5 w6 " * (10 * 2**20 // 6)
    np.testing.assert_allclose(await vectors(client, text), expected(text[:600], 1), atol=1e-5)


async def test_ten_megabytes_of_space_before_the_text(client: httpx.AsyncClient) -> None:
    text = " " * (10 * 2**20) + "w5 w6"
    np.testing.assert_allclose(await vectors(client, text), expected("w5 w6", 1), atol=1e-5)


async def test_many_at_once_answer_like_one_by_one(client: httpx.AsyncClient) -> None:
    bodies = [
        f"w{number}" if number % 3 else [f"w{number} w{each}" for each in range(number % 17 + 1)]
        for number in range(64)
    ]
    alone = [await vectors(client, text) for text in bodies]
    together = await asyncio.gather(*(vectors(client, text) for text in bodies))
    for left, right in zip(alone, together, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


async def test_every_answer_tells_its_id_and_timings(client: httpx.AsyncClient) -> None:
    mine = await client.post(PATH, json={"text": "w1"}, headers={"x-request-id": "abc-1"})
    assert mine.headers["x-request-id"] == "abc-1"
    stages = [part.partition(";")[0] for part in mine.headers["server-timing"].split(", ")]
    assert stages == ["auth", "tokenise", "queue", "triton", "encode"]
    strange = await client.get("/nowhere", headers={"x-request-id": "a b"})
    assert len(strange.headers["x-request-id"]) == 32
