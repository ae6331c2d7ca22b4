"""The vendor's published client, unmodified, gets what plain HTTP gets."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from pictures import packed, picture
from published import call

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

LABELS = ["product issue", "furniture", "space"]


async def test_text_calls(zoo: httpx.AsyncClient, package: Path) -> None:
    text, batch = "My product broke.", ["w1 w2", "w3"]
    found = await call(
        zoo,
        package,
        [
            ["TextVectorisation", {}, {"text": text}],
            ["TextVectorisation", {"model": "clip"}, {"text": batch}],
            ["TextClassification", {}, {"text": text, "labels": LABELS}],
            ["TextClassification", {}, {"text": batch, "labels": [LABELS, LABELS[:1]], "top_k": 1}],
            ["TextClassification", {"model": "sentiment"}, {"text": batch}],
            ["TextClassification", {}, {"text": text}],
            ["TextVectorisation", {"model": "nobody"}, {"text": text}],
            ["QA", {}, {"question": text, "context": text}],
            ["QA", {"model": "spans"}, {"question": batch, "context": [text, text]}],
            ["QA", {}, {"question": text, "context": text, "prev_qa": [[["a", "b"]]]}],
        ],
    )
    right = [
        ("/text-vectorisation", {"text": text}),
        ("/text-vectorisation", {"text": batch, "model": "clip"}),
        ("/text-classification", {"text": text, "labels": LABELS}),
        ("/text-classification", {"text": batch, "labels": [LABELS, LABELS[:1]], "top_k": 1}),
        ("/text-classification", {"text": batch, "model": "sentiment"}),
    ]
    await assert_same(zoo, found[:5], right)
    answers = [
        ("/qa", {"question": text, "context": text}),
        ("/qa", {"question": batch, "context": [text, text]}),
    ]
    await assert_same(zoo, found[7:9], answers)
    assert "does not read earlier questions" in found[9]["error"]
    assert found[5:7] == [
        {"error": "Failed to make API request: `labels` is missing: model nli has no labels of its own"},
        {"error": "Failed to make API request: model nobody not found"},
    ]


async def test_image_calls(zoo: httpx.AsyncClient, package: Path, tmp_path: Path) -> None:
    paths = []
    for number, suffix in enumerate(("png", "bmp")):
        paths.append(str(tmp_path / f"{number}.{suffix}"))
        picture(40, 50, number).save(paths[-1])
    text = ["a red square", "nothing"]
    found = await call(
        zoo,
        package,
        [
            ["ImageVectorisation", {}, {"image": paths[0]}],
            ["ImageVectorisation", {"model": "clip"}, {"image": paths}],
            ["ImageClassification", {}, {"image": paths[0], "labels": LABELS}],
            ["ImageClassification", {}, {"image": paths, "labels": [LABELS, LABELS[:1]], "top_k": 2}],
            ["ImageClassification", {"model": "colours"}, {"image": paths}],
            ["ImageTextVectorisation", {}, {"image": paths[0], "text": text[0]}],
            ["ImageTextVectorisation", {}, {"image": paths, "text": text}],
        ],
    )
    images = [packed(picture(40, 50, number)) for number in range(2)]
    right = [
        ("/image-vectorisation", {"image": images[0]}),
        ("/image-vectorisation", {"image": images}),
        ("/image-classification", {"image": images[0], "labels": LABELS}),
        ("/image-classification", {"image": images, "labels": [LABELS, LABELS[:1]], "top_k": 2}),
        ("/image-classification", {"image": images, "model": "colours"}),
        ("/image-text-vectorisation", {"image": images[0], "text": text[0]}),
        ("/image-text-vectorisation", {"image": images, "text": text}),
    ]
    await assert_same(zoo, found, right)


async def assert_same(client: httpx.AsyncClient, found: list[Any], right: list[tuple[str, Any]]) -> None:
    for result, (path, body) in zip(found, right, strict=True):
        (answer,) = (await client.post(path, json=body)).json().values()
        assert rounded(result) == rounded(answer), path


def rounded(value: Any) -> Any:
    match value:
        case float():
            return pytest.approx(value, abs=1e-5)
        case list():
            return [rounded(each) for each in value]
        case dict():
            return {key: rounded(each) for key, each in value.items()}
    return value
