"""The vendor's published client, unmodified, gets what plain HTTP gets."""

import asyncio
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from pictures import packed, picture

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

CLIENT = "backprop==0.1.3"
JSON = "simplejson==3.20.2"
"""With it, the client's HTTP library sends the raw bytes that it makes of images; without it, it fails."""

DILL = "dill==0.4.0"

LABELS = ["product issue", "furniture", "space"]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the client as it is published."""
    folder = tmp_path_factory.mktemp("client")
    wheels = folder / "wheels"
    arguments = ("download", "--quiet", "--no-deps", "--dest", str(wheels), CLIENT, JSON, DILL)
    subprocess.run([sys.executable, "-m", "pip", *arguments], check=True)
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return folder


async def call(client: httpx.AsyncClient, package: Path, calls: list[Any]) -> list[Any]:
    script = Path(__file__).with_name("published_client.py")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), str(package), str(client.base_url).rstrip("/")),
        client.headers["x-api-key"],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate(json.dumps(calls).encode())
    assert process.returncode == 0, errors.decode()
    return json.loads(output)


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
