"""Every row of the contract's bad input for classification, images and custom calls."""

import asyncio
from typing import Any

import httpx
import pytest
from pictures import packed, picture

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

IMAGE = packed(picture(20, 20))
LABELS = ["a", "b"]
TEXT = {"text": "x", "labels": LABELS}
TEXTS = {"text": ["x", "y"], "labels": [LABELS, LABELS]}
SEEN = {"image": IMAGE, "labels": LABELS}
WRONG = ([], [""], ["a", 1], "a", {}, 5, [None], [["a"]])
JOINED = {"image": IMAGE, "text": "x"}


async def refused(client: httpx.AsyncClient, path: str, body: object, field: str) -> str:
    response = await client.post(path, json=body)
    assert response.status_code == 400, response.text
    message = response.json()["message"]
    assert f"`{field}" in message
    return message


@pytest.mark.parametrize("text", [None, 5, {}, "", [], ["x", ""], ["x", 1], ["x", None], True, [["x"]]])
async def test_text(zoo: httpx.AsyncClient, text: object) -> None:
    for path, body in (
        ("/text-classification", TEXT),
        ("/text-classification", TEXTS),
        ("/image-text-vectorisation", JOINED),
    ):
        await refused(zoo, path, {**body, "text": text}, "text")
    await refused(zoo, "/text-classification", {"labels": LABELS}, "text")


@pytest.mark.parametrize(
    ("body", "labels"),
    [
        *(
            (body, wrong)
            for body in (TEXT, SEEN)
            for wrong in ([], [""], ["a", 1], "a", {}, 5, [None], [["a"]])
        ),
        (TEXTS, ["a", "b"]),
        (TEXTS, [LABELS]),
        (TEXTS, [LABELS] * 3),
        (TEXTS, [LABELS, []]),
        (TEXTS, [LABELS, [""]]),
        (TEXTS, [LABELS, None]),
        (TEXTS, []),
        (TEXTS, "a"),
        ({"image": [IMAGE] * 2, "labels": None}, LABELS),
        ({"image": [IMAGE] * 2, "labels": None}, [LABELS]),
        (TEXT, ["a"] * 257),
        (TEXT, None),
        (TEXTS, None),
        (SEEN, None),
    ],
)
async def test_labels(zoo: httpx.AsyncClient, body: dict[str, Any], labels: object) -> None:
    path = "/text-classification" if "text" in body else "/image-classification"
    await refused(zoo, path, {**body, "labels": labels}, "labels")


@pytest.mark.parametrize("top_k", [-1, -1.0, 0.5, 1e300, 2**70, True, False, "1", [1], {}])
async def test_top_k(zoo: httpx.AsyncClient, top_k: object) -> None:
    for path, body in (("/text-classification", TEXT), ("/image-classification", SEEN)):
        await refused(zoo, path, {**body, "top_k": top_k}, "top_k")


@pytest.mark.parametrize(
    "image",
    [None, 5, {}, "", [], [IMAGE, ""], [IMAGE, 1], True, "!", "YQ==", IMAGE[:40], [IMAGE, "YQ=="], [[IMAGE]]],
)
async def test_image(zoo: httpx.AsyncClient, image: object) -> None:
    for path, body in (
        ("/image-vectorisation", {}),
        ("/image-classification", {"labels": [LABELS, LABELS] if isinstance(image, list) else LABELS}),
        ("/image-text-vectorisation", {"text": ["x", "y"] if isinstance(image, list) else "x"}),
    ):
        message = await refused(zoo, path, {**body, "image": image}, "image")
        if isinstance(image, list) and image[1:] == ["YQ=="]:
            assert message.startswith("`image[1]` must be an image")
    await refused(zoo, "/image-vectorisation", {}, "image")


async def test_lists_of_unequal_length(zoo: httpx.AsyncClient) -> None:
    body = {"image": [IMAGE, IMAGE], "text": ["x"]}
    message = await refused(zoo, "/image-text-vectorisation", body, "text")
    assert message == "`text` must have as many items as `image`: 1 instead of 2"
    await refused(zoo, "/image-text-vectorisation", {"image": IMAGE, "text": ["x"]}, "text")
    await refused(zoo, "/image-text-vectorisation", {"image": [IMAGE], "text": "x"}, "text")


async def test_too_large_an_image(zoo: httpx.AsyncClient) -> None:
    response = await zoo.post("/image-vectorisation", json={"image": "A" * 15_000_000})
    assert response.status_code == 413
    assert response.json() == {"message": "`image` is larger than 10485760 bytes: Scale it down."}


@pytest.mark.parametrize(
    ("path", "body", "model", "task"),
    [
        ("/text-classification", TEXT, "tiny", "text-classification"),
        ("/text-vectorisation", {"text": "x"}, "nli", "embedding"),
        ("/image-classification", SEEN, "sentiment", "image-classification"),
        ("/image-vectorisation", {"image": IMAGE}, "colours", "image-embedding"),
        ("/image-text-vectorisation", JOINED, "tiny", "image-embedding"),
    ],
)
async def test_model_of_another_task(
    zoo: httpx.AsyncClient, path: str, body: dict[str, Any], model: str, task: str
) -> None:
    response = await zoo.post(path, json={**body, "model": model})
    message = f"model {model} does not support the task {task}"
    assert (response.status_code, response.json()) == (400, {"message": message})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/text-classification", TEXT),
        ("/image-classification", SEEN),
        ("/image-vectorisation", {"image": IMAGE}),
        ("/image-text-vectorisation", JOINED),
        ("/custom", {}),
    ],
)
async def test_names_of_models(zoo: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    unknown = await zoo.post(path, json={**body, "model": "nobody"})
    assert (unknown.status_code, unknown.json()) == (404, {"message": "model nobody not found"})
    await refused(zoo, path, {**body, "model": 5}, "model")
    forbidden = await zoo.post(path, json=body, headers={"x-api-key": "wrong"})
    assert (forbidden.status_code, forbidden.json()) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize("body", [{}, {"model": None}, {"model": ""}, {"a": 1}])
async def test_custom_needs_a_model(zoo: httpx.AsyncClient, body: dict[str, Any]) -> None:
    await refused(zoo, "/custom", body, "model")


@pytest.mark.parametrize("model", ["english", "clip", "nli", "gpt2-large", "multilingual"])
async def test_built_in_models_have_no_custom_task(zoo: httpx.AsyncClient, model: str) -> None:
    message = await refused(zoo, "/custom", {"model": model, "x": [1]}, "model")
    assert message == f"`model` must be the name of an uploaded model; {model} is built in"


async def test_many_bad_requests_disturb_no_good_one(zoo: httpx.AsyncClient) -> None:
    bodies = [TEXT, {"text": 5}, TEXTS, {**TEXT, "labels": []}] * 8
    answers = await asyncio.gather(*(zoo.post("/text-classification", json=body) for body in bodies))
    assert [answer.status_code for answer in answers] == [200, 400, 200, 400] * 8
