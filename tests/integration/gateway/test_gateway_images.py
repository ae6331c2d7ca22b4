"""The three image endpoints against transformers on the same weights."""

from typing import Any

import httpx
import numpy as np
import pytest
import tiny_zoo
import torch
from pictures import packed, picture
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PICTURES = [
    picture(*size, seed) for seed, size in enumerate([(64, 48), (31, 97), (300, 20), (32, 32), (5, 5)])
]
LABELS = ["a red square", "furniture", "space", "the river in London " * 20]


async def ask(client: httpx.AsyncClient, path: str, **body: object) -> Any:
    response = await client.post(path, json=body)
    assert response.status_code == 200, response.text
    (answer,) = response.json().values()
    return answer


def pixels(image: Image.Image) -> torch.Tensor:
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    return processor(image.convert("RGB"), return_tensors="pt")["pixel_values"]


def image_vector(image: Image.Image) -> np.ndarray:
    _, sees = tiny_zoo.clip_towers()
    with torch.no_grad():
        return sees.original(pixels(image)).image_embeds[0].numpy()


def text_vector(text: str) -> np.ndarray:
    reads, _ = tiny_zoo.clip_towers()
    with torch.no_grad():
        features = reads.tokenizer(text, return_tensors="pt", truncation=True)
        return reads.original(**features).text_embeds[0].numpy()


def clip_probabilities(image: Image.Image, labels: list[str]) -> dict[str, float]:
    reads, _ = tiny_zoo.clip_towers()
    features = reads.tokenizer(labels, return_tensors="pt", truncation=True, padding=True)
    with torch.no_grad():
        logits = tiny_zoo.clip()(pixel_values=pixels(image), **features).logits_per_image
    return dict(zip(labels, logits[0].softmax(dim=0).tolist(), strict=True))


def own_probabilities(image: Image.Image) -> dict[str, float]:
    processor = ViTImageProcessorPil(size={"height": 32, "width": 32})
    features = processor(image.convert("RGB"), return_tensors="pt")
    with torch.no_grad():
        logits = tiny_zoo.colours().original(**features).logits
    return dict(zip(tiny_zoo.COLOURS, logits[0].softmax(dim=0).tolist(), strict=True))


def assert_near(found: Any, right: Any) -> None:
    scale = np.abs(right).max()
    np.testing.assert_allclose(np.array(found) / scale, np.array(right) / scale, atol=1e-4)


def assert_same(found: dict[str, float], right: dict[str, float]) -> None:
    assert found == pytest.approx(right, abs=1e-4)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert sum(found.values()) == pytest.approx(1)


@pytest.mark.parametrize("image", PICTURES, ids=lambda image: f"{image.width}x{image.height}")
async def test_image_vector(zoo: httpx.AsyncClient, image: Image.Image) -> None:
    vector = await ask(zoo, "/image-vectorisation", image=packed(image), model="")
    assert_near(vector, image_vector(image))


async def test_batch_of_image_vectors(zoo: httpx.AsyncClient) -> None:
    images = PICTURES * 5
    found = await ask(zoo, "/image-vectorisation", image=[packed(image) for image in images])
    assert_near(found, [image_vector(image) for image in images])
    assert np.shape(await ask(zoo, "/image-vectorisation", image=[packed(PICTURES[0])])) == (1, 16)


@pytest.mark.parametrize("image", PICTURES[:3])
async def test_any_labels(zoo: httpx.AsyncClient, image: Image.Image) -> None:
    found = await ask(zoo, "/image-classification", image=packed(image), labels=LABELS)
    assert_same(found, clip_probabilities(image, LABELS))


async def test_batch_with_labels_of_its_own_for_each_image(zoo: httpx.AsyncClient) -> None:
    labels = [LABELS[: position + 1] for position in range(4)]
    images = PICTURES[:4]
    body = {"image": [packed(image) for image in images], "labels": labels}
    found = await ask(zoo, "/image-classification", **body)
    for judged, image, asked in zip(found, images, labels, strict=True):
        assert_same(judged, clip_probabilities(image, asked))
    assert found[0] == {LABELS[0]: 1.0}


async def test_top_k_and_labels_given_twice(zoo: httpx.AsyncClient) -> None:
    body = {"image": packed(PICTURES[0]), "labels": [*LABELS, LABELS[0]]}
    whole = await ask(zoo, "/image-classification", **body)
    assert_same(whole, clip_probabilities(PICTURES[0], LABELS))
    assert await ask(zoo, "/image-classification", **body, top_k=2.0) == dict(list(whole.items())[:2])


async def test_labels_of_the_model_itself(zoo: httpx.AsyncClient) -> None:
    body = {"labels": None, "model": "colours"}
    single = await ask(zoo, "/image-classification", image=packed(PICTURES[0]), **body)
    assert_same(single, own_probabilities(PICTURES[0]))
    found = await ask(zoo, "/image-classification", image=[packed(image) for image in PICTURES], **body)
    for judged, image in zip(found, PICTURES, strict=True):
        assert_same(judged, own_probabilities(image))


@pytest.mark.parametrize("text", ["a red square", *tiny_zoo.SENTENCES])
async def test_text_vector_of_the_same_space(zoo: httpx.AsyncClient, text: str) -> None:
    vector = await ask(zoo, "/text-vectorisation", text=text, model="clip")
    np.testing.assert_allclose(vector, text_vector(text), atol=1e-3)


async def test_image_and_text_joined(zoo: httpx.AsyncClient) -> None:
    texts = list(tiny_zoo.SENTENCES[:3])
    images = [packed(image) for image in PICTURES[:3]]
    found = await ask(zoo, "/image-text-vectorisation", image=images, text=texts, model="")
    for vector, image, text in zip(found, PICTURES, texts, strict=False):
        joined = np.concatenate([image_vector(image), text_vector(text)])
        assert_near(vector, joined / np.linalg.norm(joined))
    single = await ask(zoo, "/image-text-vectorisation", image=images[0], text=texts[0])
    np.testing.assert_allclose(single, found[0], atol=1e-6)


@pytest.mark.parametrize(
    ("mode", "image_format", "options"),
    [
        ("RGB", "JPEG", {"quality": 95}),
        ("L", "PNG", {}),
        ("P", "GIF", {}),
        ("RGBA", "PNG", {}),
        ("1", "TIFF", {}),
        ("CMYK", "JPEG", {"quality": 95}),
        ("RGB", "WEBP", {"lossless": True}),
        ("RGB", "BMP", {}),
    ],
)
async def test_formats_and_modes(
    zoo: httpx.AsyncClient, mode: str, image_format: str, options: dict[str, Any]
) -> None:
    image = picture(60, 40, 7, mode)
    data = packed(image, image_format, **options)
    url = f"data:image/{image_format.lower()};base64,{data}"
    for sent in (data, url, f"a,b,{data}", f"{data[:40]}\n{data[40:]}"):
        vector = await ask(zoo, "/image-vectorisation", image=sent)
    if image_format not in {"JPEG", "GIF"}:
        assert_near(vector, image_vector(image))


async def test_exif_orientation_is_applied(zoo: httpx.AsyncClient) -> None:
    image = picture(60, 40, 9)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it a quarter clockwise
    vector = await ask(zoo, "/image-vectorisation", image=packed(image, exif=exif))
    assert_near(vector, image_vector(image.transpose(Image.Transpose.ROTATE_270)))
