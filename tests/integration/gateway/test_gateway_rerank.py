"""`POST /v1/rerank` of local models, compared with the original in transformers."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
import tiny_zoo
import torch
from running import gateway
from site_setup import Site

from gateway.serving.metering.tokens import load_encoding
from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PATH = "/v1/rerank"
QUERY = "Where does the train to Berlin leave?"
DOCUMENTS = [*tiny_zoo.SENTENCES, "London " * 200]
COUNT = load_encoding("tiktoken_gpt2").encode_ordinary


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gate(site: Site, alice: str) -> AsyncIterator[httpx.AsyncClient]:
    await site.deploy("judge", tiny_zoo.reranker().graph)
    await site.deploy("sentiment", tiny_zoo.sentiment().graph)
    async with gateway(site, GatewaySettings(), alice) as running:
        yield running


async def answer(gate: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    response = await gate.post(PATH, json={"model": "judge", "query": QUERY, "documents": DOCUMENTS, **body})
    assert response.status_code == 200, response.text
    return response.json()


def right(documents: list[str]) -> list[float]:
    """Scores as sentence-transformers computes them."""
    model = tiny_zoo.reranker()
    inputs = model.tokenizer(
        [QUERY] * len(documents), documents, padding=True, truncation=True, return_tensors="pt"
    )
    with torch.inference_mode():
        scores: list[float] = model.original(**inputs).logits.sigmoid()[:, 0].tolist()
    return scores


async def test_documents_come_in_the_order_of_their_scores(gate: httpx.AsyncClient) -> None:
    found = await answer(gate)
    assert (found["object"], found["model"]) == ("list", "judge")
    scores = right(DOCUMENTS)
    assert max(scores) - min(scores) > 0.01
    order = sorted(range(len(DOCUMENTS)), key=lambda at: -scores[at])
    assert [each["index"] for each in found["results"]] == order
    found_scores = [each["relevance_score"] for each in found["results"]]
    assert found_scores == pytest.approx([scores[at] for at in order], abs=1e-4)
    read = sum(len(COUNT(text.strip())) for text in (QUERY, *DOCUMENTS))
    assert found["usage"]["prompt_tokens"] == read


async def test_a_document_alone_is_judged_as_among_others(gate: httpx.AsyncClient) -> None:
    together = {each["index"]: each["relevance_score"] for each in (await answer(gate))["results"]}
    for index, document in enumerate(DOCUMENTS):
        (alone,) = (await answer(gate, documents=[f"  {document}\n"]))["results"]
        assert alone["index"] == 0
        assert alone["relevance_score"] == pytest.approx(together[index], abs=1e-5)


async def test_the_best_alone_are_answered(gate: httpx.AsyncClient) -> None:
    every = [each["index"] for each in (await answer(gate, top_n=None))["results"]]
    assert [each["index"] for each in (await answer(gate, top_n=2))["results"]] == every[:2]
    assert len((await answer(gate, top_n=99))["results"]) == len(DOCUMENTS)


async def test_a_classifier_does_not_rank(gate: httpx.AsyncClient) -> None:
    response = await gate.post(PATH, json={"model": "sentiment", "query": QUERY, "documents": DOCUMENTS})
    assert (response.status_code, response.json()) == (422, {"detail": "Wrong model type."})


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"query": "  "}, ["query"]),
        ({"query": None}, ["query"]),
        ({"documents": []}, ["documents"]),
        ({"documents": ["a", " "]}, ["documents", 1]),
        ({"documents": "a"}, ["documents"]),
        ({"documents": ["a"] * 1025}, ["documents"]),
        ({"top_n": 0}, ["top_n"]),
        ({"model": ""}, None),
    ],
)
async def test_broken_bodies_name_the_place(
    gate: httpx.AsyncClient, body: dict[str, Any], place: list[Any] | None
) -> None:
    response = await gate.post(PATH, json={"model": "judge", "query": QUERY, "documents": DOCUMENTS, **body})
    if place is None:
        assert response.status_code == 404
        return
    assert response.status_code == 422
    assert [problem["loc"] for problem in response.json()["detail"]] == [["body", *place]]
