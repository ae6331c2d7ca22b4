"""`POST /v1/embeddings` of local models, from HTTP to Triton and back."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import orjson
import pytest
import pytest_asyncio
from mistralai.client import Mistral
from mistralai.client.errors import HTTPValidationError
from msgspec import structs
from openai import AsyncOpenAI, BadRequestError, UnprocessableEntityError
from running import gateway
from site_setup import Site
from tiny_model import DIMENSIONS, MAX_LENGTH, WORDS, average, expected, table

from gateway.serving.metering.tokens import load_encoding
from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PATH = "/v1/embeddings"
COUNT = load_encoding("tiktoken_gpt2").encode_ordinary


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gate(site: Site, alice: str) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway with models whose vectors may not be cut, may be cut to 4, and to any length."""
    graph = average(seed=1)
    for name, lengths in (("nested", (4,)), ("elastic", ())):
        await site.deploy(name, replace(graph, head=structs.replace(graph.head, matryoshka=lengths)))
    async with gateway(site, GatewaySettings(), alice) as running:
        yield running


async def answer(gate: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    response = await gate.post(PATH, json={"model": "tiny", **body})
    assert response.status_code == 200, response.text
    return response.json()


async def vectors(gate: httpx.AsyncClient, **body: Any) -> np.ndarray:
    return np.array([each["embedding"] for each in (await answer(gate, **body))["data"]])


async def test_texts(gate: httpx.AsyncClient) -> None:
    texts = ["w1 w2 W3 unknown", "w9", " ".join(f"w{number}" for number in range(100))]
    found = await answer(gate, input=texts, model="english", user="someone", encoding_format=None)
    assert (found["object"], found["model"]) == ("list", "english")
    assert [(each["object"], each["index"]) for each in found["data"]] == [
        ("embedding", at) for at in range(3)
    ]
    right = [expected(text, 1) for text in texts]
    np.testing.assert_allclose([each["embedding"] for each in found["data"]], right, atol=1e-5)
    usage = found["usage"]
    assert usage["prompt_tokens"] == usage["total_tokens"] == sum(len(COUNT(text)) for text in texts)
    assert usage["model_tokens"]["prompt_tokens"] == 6 + 3 + MAX_LENGTH
    assert found["id"].startswith("request-")


async def test_a_text_alone_is_as_in_a_list(gate: httpx.AsyncClient) -> None:
    assert (await vectors(gate, input="w4 w5") == await vectors(gate, input=["w4 w5"])).all()


async def test_base64_holds_the_same_numbers(gate: httpx.AsyncClient) -> None:
    plain = await vectors(gate, input=["w1 w2", "w7"])
    packed = (await answer(gate, input=["w1 w2", "w7"], encoding_format="base64"))["data"]
    found = [np.frombuffer(base64.b64decode(each["embedding"]), "<f4") for each in packed]
    assert (np.array(found) == plain.astype("<f4")).all()


async def test_answers_are_the_bytes_of_the_vectors(gate: httpx.AsyncClient) -> None:
    [right] = (await vectors(gate, input="w1 w2")).astype("<f4")
    for encoding, written in (
        ("float", orjson.dumps(right, option=orjson.OPT_SERIALIZE_NUMPY)),
        ("base64", b'"%b"' % base64.b64encode(right.tobytes())),
    ):
        body = {"model": "tiny", "input": "w1 w2", "encoding_format": encoding}
        response = await gate.post(PATH, json=body)
        assert response.headers["content-type"] == "application/json"
        item = b'{"object":"embedding","index":0,"embedding":%b}' % written
        assert response.content.startswith(b'{"object":"list","data":[%b],"id":"request-' % item)


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"", 422, {"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}),
        (b"{", 422, {"type": "json_invalid", "loc": ["body", 1]}),
        (b"[]", 422, {"type": "model_attributes_type", "loc": ["body"]}),
        (b'{"model": "no such", "input": 1}', 404, "Model not found."),
    ],
)
async def test_bodies_that_say_nothing(
    gate: httpx.AsyncClient, body: bytes, status: int, detail: str | dict[str, Any]
) -> None:
    response = await gate.post(PATH, content=body)
    assert response.status_code == status
    told = response.json()["detail"]
    if isinstance(detail, str):
        assert told == detail
    else:
        (problem,) = told
        assert detail.items() <= problem.items()


async def test_tokens_reach_the_model_as_they_are(gate: httpx.AsyncClient) -> None:
    one = await answer(gate, input=[5, 6, 7])
    np.testing.assert_allclose(one["data"][0]["embedding"], table(1)[[5, 6, 7]].mean(0), atol=1e-5)
    assert one["usage"]["prompt_tokens"] == one["usage"]["model_tokens"]["prompt_tokens"] == 3
    several = await vectors(gate, input=[[2, 9, 3], [8]])
    np.testing.assert_allclose(several, [expected("w5", 1), table(1)[8]], atol=1e-5)


async def test_vectors_are_cut_where_the_model_allows_it(gate: httpx.AsyncClient) -> None:
    whole = (await vectors(gate, input="w1 w2"))[0]
    for model, length in (("nested", 4), ("elastic", 3)):
        cut = (await vectors(gate, input="w1 w2", model=model, dimensions=length))[0]
        np.testing.assert_allclose(cut, whole[:length] / np.linalg.norm(whole[:length]), atol=1e-5)
    for model in ("tiny", "nested", "elastic"):
        same = (await vectors(gate, input="w1 w2", model=model, dimensions=DIMENSIONS))[0]
        np.testing.assert_allclose(same, whole, atol=1e-6)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"input": [len(WORDS)]}, "row 0 of the input has tokens that model tiny does not know"),
        ({"input": [[2], [5] * (MAX_LENGTH + 1)]}, "row 1 of the input has 33 tokens"),
        ({"input": "w1", "dimensions": 4}, "`dimensions` must be 8 for model tiny"),
        ({"input": "w1", "dimensions": 3, "model": "nested"}, "`dimensions` must be 4 or 8"),
        ({"input": "w1", "dimensions": 9, "model": "elastic"}, "`dimensions` must be 1 to 8"),
    ],
)
async def test_what_a_model_does_not_take_is_told(gate: httpx.AsyncClient, body: Any, told: str) -> None:
    response = await gate.post(PATH, json={"model": "tiny", **body})
    assert response.status_code == 400
    assert response.json()["detail"].startswith(told)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ["input"]),
        ({"input": ""}, ["input", "text"]),
        ({"input": None}, ["input", "text"]),
        ({"input": []}, ["input", "texts"]),
        ({"input": ["w1", ""]}, ["input", "texts", 1]),
        ({"input": ["w1", 5]}, ["input", "texts", 1]),
        ({"input": [[]]}, ["input", "rows", 0]),
        ({"input": [[1], "w1"]}, ["input", "rows", 1]),
        ({"input": [1, -1]}, ["input", "tokens", 1]),
        ({"input": [1, 2.5]}, ["input", "tokens", 1]),
        ({"input": [1, True]}, ["input", "tokens", 1]),
        ({"input": ["w1"] * 2049}, ["input", "texts"]),
        ({"input": "w1", "dimensions": 0}, ["dimensions"]),
        ({"input": "w1", "encoding_format": "int8"}, ["encoding_format"]),
    ],
)
async def test_broken_bodies_name_the_place(gate: httpx.AsyncClient, body: Any, place: list[Any]) -> None:
    response = await gate.post(PATH, json={"model": "tiny", **body})
    assert response.status_code == 422
    (problem,) = response.json()["detail"]
    assert problem["loc"] == ["body", *place]


async def test_a_list_of_the_longest_kind_is_answered(gate: httpx.AsyncClient) -> None:
    texts = [f"w{number % 190}" for number in range(2048)]
    found = await vectors(gate, input=texts)
    np.testing.assert_allclose(found, [expected(text, 1) for text in texts], atol=1e-5)


async def test_openais_own_client(gate: httpx.AsyncClient, alice: str) -> None:
    async with AsyncOpenAI(
        base_url=f"{gate.base_url}/v1", api_key=alice, http_client=httpx.AsyncClient(trust_env=False)
    ) as client:
        found = await client.embeddings.create(model="tiny", input=["w1 w2", "w3"])
        right = [expected("w1 w2", 1), expected("w3", 1)]
        np.testing.assert_allclose([each.embedding for each in found.data], right, atol=1e-5)
        assert found.usage.prompt_tokens == len(COUNT("w1 w2")) + len(COUNT("w3"))
        cut = await client.embeddings.create(
            model="nested", input="w1", dimensions=4, encoding_format="float"
        )
        assert len(cut.data[0].embedding) == 4
        with pytest.raises(BadRequestError) as refused:
            await client.embeddings.create(model="tiny", input="w1", dimensions=4)
        assert "dimensions" in refused.value.response.json()["detail"]
        with pytest.raises(UnprocessableEntityError):
            await client.embeddings.create(model="tiny", input="")


async def test_mistrals_own_client(gate: httpx.AsyncClient, alice: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as connections:
        client = Mistral(api_key=alice, server_url=str(gate.base_url), async_client=connections)
        found = await client.embeddings.create_async(model="tiny", inputs=["w1 w2", "w3"])
        cut = await client.embeddings.create_async(model="nested", inputs="w1", output_dimension=4)
        assert len(cut.data[0].embedding) == 4
        with pytest.raises(HTTPValidationError) as refused:
            await client.embeddings.create_async(model="tiny", inputs="w1", output_dtype="int8")
        assert refused.value.status_code == 422
        assert "output_dtype" in refused.value.body
    right = [expected("w1 w2", 1), expected("w3", 1)]
    np.testing.assert_allclose([each.embedding for each in found.data], right, atol=1e-5)
