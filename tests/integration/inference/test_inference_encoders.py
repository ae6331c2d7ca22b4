"""Vectors and rankings that others' APIs answer: what they are asked, what callers get."""

from base64 import b64decode
from typing import Any

import numpy as np
import pytest
from inference_site import ROOT, Site
from vendors import SECRET, Vendors
from vendors_encoders import SCORES, VECTOR

from gateway.serving.metering.tokens import load_encoding

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

COUNT = load_encoding("tiktoken_gpt2").encode_ordinary
TEXTS = ["How many rows of oars?", "Three."]
QUESTION = {"query": "How many rows?", "documents": ["Sails.", "Three rows.", "Rows of seats."]}


async def ask(site: Site, path: str, **body: Any) -> Any:
    answer = await site.call("POST", path, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", ["albert", "openai", "tei", "vllm"])
@pytest.mark.parametrize("encoding", ["float", "base64"])
async def test_vectors_come_in_the_format_that_was_asked_for(
    site: Site, vendors: Vendors, kind: str, encoding: str
):
    model = await site.model(vendors.at(kind), kind, "text-embeddings-inference")
    vendors.asked.clear()
    answer = await ask(site, "/embeddings", model=model, input=TEXTS, encoding_format=encoding, user="me")
    ((authorization, sent),) = vendors.asked
    assert authorization == f"Bearer {SECRET}"
    assert (sent["model"], sent["input"], sent["user"]) == ("real-name", TEXTS, "me")
    assert "dimensions" not in sent
    assert (answer["model"], answer["extra"], answer["object"]) == (model, "kept", "list")
    for index, each in enumerate(answer["data"]):
        assert each["index"] == index
        vector = each["embedding"]
        found = np.frombuffer(b64decode(vector), "<f4") if encoding == "base64" else vector
        assert list(found) == list(VECTOR)
    usage = answer["usage"]
    assert usage["prompt_tokens"] == sum(len(COUNT(text)) for text in TEXTS)
    assert usage["model_tokens"]["prompt_tokens"] == 31


async def test_tokens_are_passed_on_and_counted_one_by_one(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("openai"), "openai", "text-embeddings-inference")
    answer = await ask(site, "/embeddings", model=model, input=[[90001, 7], [5]], dimensions=2)
    assert vendors.body["input"] == [[90001, 7], [5]]
    assert vendors.body["dimensions"] == 2
    assert answer["usage"]["prompt_tokens"] == 3


@pytest.mark.parametrize("said", [b"[]", b"{}", b'{"data": 1}', b'{"data": [{"embedding": {}}, 3]}'])
async def test_something_other_than_vectors_is_a_bad_gateway(site: Site, vendors: Vendors, said: bytes):
    model = await site.model(vendors.at("vllm"), "vllm", "text-embeddings-inference")
    vendors.faults["vllm"] = (200, said)
    answer = await site.call("POST", "/embeddings", {"model": model, "input": "x"})
    assert answer.status_code == 502


@pytest.mark.parametrize("kind", ["albert", "tei", "vllm"])
async def test_rankings_are_in_order_and_cut(site: Site, vendors: Vendors, kind: str):
    model = await site.model(vendors.at(kind), kind, "text-classification")
    answer = await ask(site, "/rerank", model=model, top_n=2, **QUESTION)
    sent = vendors.body
    assert (sent["model"], sent["query"]) == ("real-name", QUESTION["query"])
    assert sent["texts" if kind == "tei" else "documents"] == QUESTION["documents"]
    assert (answer["object"], answer["model"]) == ("list", model)
    results = answer["results"]
    assert [(each["index"], each["relevance_score"]) for each in results] == [(1, SCORES[1]), (2, SCORES[2])]
    assert ("document" in results[0]) == (kind != "tei")
    read = sum(len(COUNT(text)) for text in (QUESTION["query"], *QUESTION["documents"]))
    assert answer["usage"]["prompt_tokens"] == read


async def test_something_other_than_a_ranking_is_a_bad_gateway(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("vllm"), "vllm", "text-classification")
    for said in (b"{}", b'{"results": [{"index": 0}]}', b'{"results": 5}'):
        vendors.faults["vllm"] = (200, said)
        answer = await site.call("POST", "/rerank", {"model": model, **QUESTION})
        assert answer.status_code == 502


async def test_models_of_others_take_no_tensors(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("vllm"), "vllm", "text-embeddings-inference")
    vendors.asked.clear()
    headers = {"authorization": f"Bearer {ROOT}"}
    answer = await site.client.post(f"/v2/models/{model}/infer", json={"inputs": []}, headers=headers)
    assert answer.status_code == 400
    assert "another's API" in answer.json()["error"]
    assert vendors.asked == []


async def test_upstreams_that_do_not_rank_are_not_asked(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("vllm"), "vllm", "text-generation")
    for path, body in (("/rerank", QUESTION), ("/embeddings", {"input": "x"})):
        answer = await site.call("POST", path, {"model": model, **body})
        assert (answer.status_code, answer.json()) == (422, {"detail": "Wrong model type."})
    assert vendors.asked == []
