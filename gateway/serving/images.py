"""Base64 text to what a graph reads of an image, off the event loop and within bounds of bytes and pixels."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gateway.serving.errors import ImageRefusedError, ImageTooLargeError
from gateway.serving.rows import Array
from gateway.serving.threads import Threads
from model_repository.heads import ImageSpec

FOREIGN = frozenset({"EPS", "WMF"})
"""Formats that Pillow leaves to programs outside, such as Ghostscript."""

STRIP = 32
"""Times as long as wide: of longer images only the middle is scaled, since the cut throws the ends away.

Their pixels then differ by a few levels of 255 from those of the whole, scaled.
"""

_NO_SPACE = dict.fromkeys(map(ord, " \t\r\n"))


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image as callers send it.

    Attributes:
        data: standard base64; everything up to the last comma is dropped, which is a data URL's head.
        name: what error messages call it, such as `image[2]`.

    """

    data: str
    name: str


class ImageDecoder:
    """Decodes, turns upright, scales, cuts and normalises.

    Attributes:
        threads: that work on pixels.

    Args:
        threads: images that are worked on at the same time.
        queue: packs of images that may wait for them.
        max_bytes: of one image, before it is decoded.
        max_pixels: of one image.

    """

    def __init__(self, *, threads: int, queue: int, max_bytes: int, max_pixels: int) -> None:
        self.threads = Threads("images", threads=threads, queue=queue)
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels

    async def pixels(self, spec: ImageSpec, images: Sequence[EncodedImage]) -> list[Array]:
        """What the graph reads of each image, float32 `[3, height, width]`.

        Raises:
            ImageRefusedError: one is no image, or a damaged one.
            ImageTooLargeError: one has too many bytes or pixels.
            OverloadedError: too many images wait.

        """
        with self.threads.admit():
            return [await self.threads.run(self._read, spec, image) for image in images]

    async def picture(self, data: bytes, name: str) -> Image.Image:
        """An image in RGB, upright, on white where light shines through it.

        Args:
            name: what error messages call it.

        Raises:
            TriremeError: as `pixels`.

        """
        with self.threads.admit():
            return await self.threads.run(self._on_white, data, name)

    def close(self) -> None:
        """End the threads; what waits is dropped."""
        self.threads.close()

    def _read(self, spec: ImageSpec, image: EncodedImage) -> Array:
        return normalise(spec, fit(spec, self._open(self._bytes(image), image.name, "RGB")))

    def _on_white(self, data: bytes, name: str) -> Image.Image:
        if len(data) > self._max_bytes:
            raise self._too_large(name)
        image = self._open(data, name, "RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        return paper

    def _open(self, data: bytes, name: str, mode: str) -> Image.Image:
        """The image, upright, in a mode of Pillow's."""
        try:
            with Image.open(BytesIO(data), formats=_formats()) as image:
                if image.width * image.height <= self._max_pixels:
                    return ImageOps.exif_transpose(image).convert(mode)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            pass  # Pillow's own limit is higher; it looks before ours does
        except Exception as error:  # a decoder raises whatever its parser stumbles over
            raise ImageRefusedError(f"`{name}` must be an image: {_reason(error)}") from error
        raise ImageTooLargeError(f"`{name}` has more than {self._max_pixels} pixels")

    def _bytes(self, encoded: EncodedImage) -> bytes:
        text = encoded.data.rpartition(",")[2].translate(_NO_SPACE)
        if len(text) // 4 * 3 > self._max_bytes:
            raise self._too_large(encoded.name)
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ImageRefusedError(f"`{encoded.name}` must be standard base64: {error}") from None

    def _too_large(self, name: str) -> ImageTooLargeError:
        return ImageTooLargeError(f"`{name}` is larger than {self._max_bytes} bytes")


@cache
def _formats() -> tuple[str, ...]:
    """What can be read. Pillow loads a module a format for this, which is not the start's business."""
    Image.init()
    return tuple(sorted(set(Image.OPEN) - FOREIGN))


def fit(spec: ImageSpec, image: Image.Image) -> Image.Image:
    """Scale as the model was trained and cut `height` x `width` from the middle."""
    middle = _middle(image) if spec.keep_ratio else image
    width, height = scaled = _scaled(spec, middle.size)
    left, top = (width - spec.width) // 2, (height - spec.height) // 2
    whole = middle.resize(scaled, Image.Resampling[spec.resample.upper()])
    return whole.crop((left, top, left + spec.width, top + spec.height))


def _middle(image: Image.Image) -> Image.Image:
    """A long strip without its far ends: scaled whole, 1 x 1,000,000 pixels would take gigabytes."""
    across = max(0, image.width - STRIP * image.height) // 2
    down = max(0, image.height - STRIP * image.width) // 2
    return image.crop((across, down, image.width - across, image.height - down))


def normalise(spec: ImageSpec, image: Image.Image) -> Array:
    """Pixels as float32 `[3, height, width]`."""
    mean, std = (np.array(values, np.float32) for values in (spec.mean, spec.std))
    pixels = np.asarray(image, np.float32) / np.float32(255)
    return np.ascontiguousarray(((pixels - mean) / std).transpose(2, 0, 1))


def _scaled(spec: ImageSpec, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height that the whole image is scaled to."""
    if not spec.keep_ratio:
        return spec.resize, spec.resize
    width, height = size
    if width <= height:
        return spec.resize, int(spec.resize * height / width)
    return int(spec.resize * width / height), spec.resize


def _reason(error: Exception) -> str:
    """Why an image cannot be read, without the memory addresses that Pillow puts into its words."""
    return "its format is not known" if isinstance(error, UnidentifiedImageError) else "it is damaged"
