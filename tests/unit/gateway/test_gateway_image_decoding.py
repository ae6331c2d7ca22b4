"""Images become the same pixels as in transformers, and bad ones are refused."""

import base64
import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from gateway.serving.errors import ImageRefusedError, ImageTooLargeError, OverloadedError
from gateway.serving.images import STRIP, EncodedImage, ImageDecoder, fit, normalise
from model_repository.heads import ImageSpec

CLIP = ImageSpec(
    height=224,
    width=224,
    resize=224,
    keep_ratio=True,
    resample="bicubic",
    mean=(0.48145466, 0.4578275, 0.40821073),
    std=(0.26862954, 0.26130258, 0.27577711),
)


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    pixels = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def packed(image: Image.Image, image_format: str = "PNG") -> str:
    file = io.BytesIO()
    image.save(file, format=image_format)
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def decoder() -> Iterator[ImageDecoder]:
    made = ImageDecoder(threads=1, queue=1, max_bytes=100_000, max_pixels=1_000_000)
    yield made
    made.close()


async def read(decoder: ImageDecoder, data: str) -> list[np.ndarray]:
    return await decoder.pixels(CLIP, [EncodedImage(data, "image")])


@given(width=st.integers(1, 700), height=st.integers(1, 700))
@settings(max_examples=40, deadline=None)
def test_pixels_are_those_of_transformers(width: int, height: int) -> None:
    assume(max(width, height) <= STRIP * min(width, height))
    image = noise(width, height)
    right = CLIPImageProcessorPil()(image, return_tensors="np")["pixel_values"][0]
    found = normalise(CLIP, fit(CLIP, image))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, right, atol=1e-5)


def test_a_long_strip_is_scaled_by_its_middle() -> None:
    assert fit(CLIP, noise(1, 200_000)).size == (224, 224)
    assert fit(CLIP, noise(200_000, 1)).size == (224, 224)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "PA", "1", "RGBA", "I;16"])
async def test_any_mode_becomes_rgb(decoder: ImageDecoder, mode: str) -> None:
    image = noise(20, 10, "L").convert("I").convert(mode) if mode == "I;16" else noise(20, 10, mode)
    data = packed(image, "TIFF" if mode == "PA" else "PNG") if mode != "PA" else packed(image.convert("RGBA"))
    assert [each.shape for each in await read(decoder, data)] == [(3, 224, 224)]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("!", "standard base64"),
        ("YQ", "standard base64"),
        ("Y_-=", "standard base64"),
        ("ab\u00e9d", "standard base64"),
        ("data:image/png;base64,", "its format is not known"),
        (" ", "its format is not known"),
        (base64.b64encode(b"hello").decode(), "its format is not known"),
        (base64.b64encode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n").decode(), "not known"),
        ("iVBORw0KGgo=AAAA", "standard base64"),
        (packed(noise(64, 64))[:400], "it is damaged"),
        (packed(noise(64, 64), "JPEG")[:1000], "it is damaged"),
        (packed(noise(64, 64), "GIF")[:4000], "it is damaged"),
    ],
)
async def test_what_is_no_image_is_refused(decoder: ImageDecoder, data: str, why: str) -> None:
    with pytest.raises(ImageRefusedError, match=f"^`image` must be .*{why}"):
        await read(decoder, data)


@given(cut=st.integers(0, 2000), flips=st.lists(st.integers(0, 1499), max_size=6))
@settings(max_examples=60, deadline=None)
async def test_damaged_bytes_are_read_or_refused(cut: int, flips: list[int]) -> None:
    decoder = ImageDecoder(threads=1, queue=1, max_bytes=100_000, max_pixels=100_000)
    for image_format in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"):
        damaged = bytearray(base64.b64decode(packed(noise(30, 20), image_format)))
        for position in flips:
            damaged[position % len(damaged)] ^= 0x55
        with suppress(ImageRefusedError, ImageTooLargeError):
            await read(decoder, base64.b64encode(bytes(damaged[: cut or None])).decode())
    decoder.close()


async def test_too_many_bytes(decoder: ImageDecoder) -> None:
    with pytest.raises(ImageTooLargeError, match="larger than 100000 bytes"):
        await read(decoder, "A" * 200_000)


@pytest.mark.parametrize(("width", "height"), [(2000, 2000), (30_000, 30_000)])
async def test_too_many_pixels_are_refused_before_they_are_decoded(
    decoder: ImageDecoder, width: int, height: int
) -> None:
    with pytest.raises(ImageTooLargeError, match="more than 1000000 pixels"):
        await read(decoder, bomb(width, height))


def bomb(width: int, height: int) -> str:
    """A PNG of a few bytes that says it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    file = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )
    return base64.b64encode(file).decode()


async def test_full_queue_refuses_at_once() -> None:
    decoder = ImageDecoder(threads=1, queue=-1, max_bytes=1, max_pixels=1)
    with pytest.raises(OverloadedError, match="too many images are waiting"):
        await read(decoder, "")
    decoder.close()
