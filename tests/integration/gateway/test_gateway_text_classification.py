"""`POST /text-classification` against transformers on the same weights."""

from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
import pytest
import tiny_zoo
import torch

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PATH = "/text-classification"
LONG = " ".join(tiny_zoo.SENTENCES)
TEXTS = ["Space!", *tiny_zoo.SENTENCES, LONG, "x", "product " * 30]
LABELS = ["product issue", "furniture", "space"]


async def probabilities(client: httpx.AsyncClient, **body: object) -> Any:
    response = await client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    return response.json()["probabilities"]


def entailed(text: str, labels: Sequence[str]) -> dict[str, float]:
    """What the vendor's library computes."""
    model = tiny_zoo.entailment()
    hypotheses = [f"This example is {label}." for label in labels]
    features = model.tokenizer(
        [text] * len(labels), hypotheses, return_tensors="pt", truncation=True, padding=True
    )
    with torch.no_grad():
        logits = model.original(**features).logits
    judged = logits[:, [0, 2]].softmax(dim=1)[:, 1].tolist()
    return dict(zip(labels, judged, strict=True))


def own(text: str) -> dict[str, float]:
    model = tiny_zoo.sentiment()
    with torch.no_grad():
        logits = model.original(**model.tokenizer(text, return_tensors="pt", truncation=True)).logits
    return dict(zip(tiny_zoo.EMOTIONS, logits[0].softmax(dim=0).tolist(), strict=True))


def assert_same(found: dict[str, float], right: dict[str, float]) -> None:
    assert found == pytest.approx(right, abs=1e-5)
    assert list(found.values()) == sorted(found.values(), reverse=True)


@pytest.mark.parametrize("text", TEXTS)
async def test_any_labels_by_entailment(zoo: httpx.AsyncClient, text: str) -> None:
    assert_same(await probabilities(zoo, text=text, labels=LABELS, model=""), entailed(text, LABELS))


async def test_batch_with_labels_of_its_own_for_each_text(zoo: httpx.AsyncClient) -> None:
    labels = [[f"label {number}" for number in range(position + 1)] for position in range(len(TEXTS))]
    found = await probabilities(zoo, text=TEXTS, labels=labels)
    assert len(found) == len(TEXTS)
    for text, asked, judged in zip(TEXTS, labels, found, strict=True):
        assert_same(judged, entailed(text, asked))


async def test_every_label_is_judged_by_itself(zoo: httpx.AsyncClient) -> None:
    one = await probabilities(zoo, text="My product broke.", labels=["space"])
    many = await probabilities(zoo, text="My product broke.", labels=[*LABELS, "{}", "{0} \n\u4e2d"])
    assert many["space"] == pytest.approx(one["space"], abs=1e-6)
    assert set(many) == {*LABELS, "{}", "{0} \n\u4e2d"}


async def test_label_given_twice_appears_once(zoo: httpx.AsyncClient) -> None:
    found = await probabilities(zoo, text="x", labels=["a", "b", "a"])
    assert sorted(found) == ["a", "b"]


@pytest.mark.parametrize(("top_k", "kept"), [(1, 1), (2, 2), (2.0, 2), (9, 3), (0, 3), (0.0, 3), (None, 3)])
async def test_top_k_keeps_the_first_without_rescaling(
    zoo: httpx.AsyncClient, top_k: float | None, kept: int
) -> None:
    for model in ("english", "sentiment"):
        whole = await probabilities(zoo, text="My product broke.", labels=LABELS, model=model)
        cut = await probabilities(zoo, text="My product broke.", labels=LABELS, model=model, top_k=top_k)
        assert list(cut.items()) == list(whole.items())[:kept]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("labels", [None, ["passed over"]])
async def test_labels_of_the_model_itself(
    zoo: httpx.AsyncClient, text: str, labels: list[str] | None
) -> None:
    found = await probabilities(zoo, text=text, labels=labels, model="sentiment")
    assert_same(found, own(text))
    assert sum(found.values()) == pytest.approx(1)


async def test_batch_of_a_model_with_labels_of_its_own(zoo: httpx.AsyncClient) -> None:
    found = await probabilities(zoo, text=TEXTS * 3, labels=None, model="sentiment")
    for judged, text in zip(found, TEXTS * 3, strict=True):
        assert_same(judged, own(text))
    assert isinstance(await probabilities(zoo, text=["x"], model="sentiment"), list)


@pytest.mark.parametrize("model", ["english", "", None, "nli"])
async def test_labels_are_required_where_the_model_has_none(
    zoo: httpx.AsyncClient, model: str | None
) -> None:
    for body in ({"text": "x"}, {"text": "x", "labels": None}, {"text": ["x", "y"], "labels": None}):
        response = await zoo.post(PATH, json={**body, "model": model})
        message = "`labels` is missing: model nli has no labels of its own"
        assert (response.status_code, response.json()) == (400, {"message": message})


async def test_twins_differ() -> None:
    """The tiny models tell texts apart, or the comparisons above would prove nothing."""
    spread = np.ptp([list(own(text).values()) for text in TEXTS], axis=0)
    assert spread.max() > 0.05
    assert np.ptp([entailed(text, ["space"])["space"] for text in TEXTS]) > 0.05
