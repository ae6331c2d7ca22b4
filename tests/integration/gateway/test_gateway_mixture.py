"""Requests of all kinds at the same time, and single items against batches of them."""

import asyncio
from typing import Any

import httpx
import pytest
import tiny_zoo
from pictures import packed, picture

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

TEXTS = [*tiny_zoo.SENTENCES, "x", " ".join(tiny_zoo.SENTENCES)]
IMAGES = [packed(picture(20 + 13 * number, 60, number)) for number in range(len(TEXTS))]
LABELS = [[f"label {label}" for label in range(1 + number % 4)] for number in range(len(TEXTS))]
CALLS: list[tuple[str, dict[str, list[Any]], dict[str, Any]]] = [
    ("/text-vectorisation", {"text": TEXTS}, {}),
    ("/text-vectorisation", {"text": TEXTS}, {"model": "clip"}),
    ("/text-classification", {"text": TEXTS, "labels": LABELS}, {"top_k": 2}),
    ("/text-classification", {"text": TEXTS}, {"model": "sentiment"}),
    ("/image-vectorisation", {"image": IMAGES}, {"model": ""}),
    ("/image-classification", {"image": IMAGES, "labels": LABELS}, {"model": None}),
    ("/image-classification", {"image": IMAGES}, {"model": "colours"}),
    ("/image-text-vectorisation", {"image": IMAGES, "text": TEXTS}, {}),
]


async def ask(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    response = await client.post(path, json=body)
    assert response.status_code == 200, response.text
    (answer,) = response.json().values()
    return answer


def near(answer: Any) -> Any:
    if isinstance(answer, list) and isinstance(answer[0], list | dict):
        return [near(each) for each in answer]
    return pytest.approx(answer, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(("path", "items", "shared"), CALLS)
async def test_single_items_equal_the_batch(
    zoo: httpx.AsyncClient, path: str, items: dict[str, list[Any]], shared: dict[str, Any]
) -> None:
    batch = await ask(zoo, path, items | shared)
    assert len(batch) == len(TEXTS)
    for number, together in enumerate(batch):
        alone = await ask(zoo, path, {field: values[number] for field, values in items.items()} | shared)
        assert alone == near(together)


async def test_64_mixed_requests_answer_like_one_by_one(zoo: httpx.AsyncClient) -> None:
    requests = [
        (path, {field: values[number] for field, values in items.items()} | shared)
        for number in range(len(TEXTS))
        for path, items, shared in CALLS
    ]
    assert len(requests) == 64
    right = [await ask(zoo, *request) for request in requests]
    together = await asyncio.gather(*(ask(zoo, *request) for request in requests))
    for found, expected in zip(together, right, strict=True):
        assert found == near(expected)
