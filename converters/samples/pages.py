"""Pages and lines of drawn text, in the numbers that graphs of a kit take."""

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from converters.samples.sampler import BATCHES
from converters.samples.sentences import SENTENCES
from converters.tensors import Tensors
from model_repository.heads import TextDetectionHead, TextDirectionHead, TextRecognitionHead

OcrHead = TextDetectionHead | TextDirectionHead | TextRecognitionHead

Size = tuple[int, int]
"""Height and width in pixels."""

PAGES: tuple[Size, ...] = ((64, 96), (160, 224), (736, 544))
WIDTHS = (64, 160, 640)
LATIN = tuple(sentence for sentence in SENTENCES if sentence.isascii())
"""The font that Pillow brings knows these."""


class TextImageSampler:
    """Makes batches of one size each, with text in each row."""

    def __init__(self, head: OcrHead, name: str) -> None:
        self._name = name
        match head:
            case TextDetectionHead():
                self._sizes, self._font = PAGES, 22
            case TextDirectionHead():
                self._sizes, self._font = ((head.height, head.width),), 34
            case TextRecognitionHead():
                self._sizes, self._font = tuple((head.height, width) for width in WIDTHS), 34

    def sample(self) -> Tensors:
        """Two rows of the smallest size."""
        return self.batch(2, self._sizes[0])

    def probe(self, *, even: bool) -> Tensors:
        """Three rows of the next size."""
        return self.batch(3, self._sizes[:2][-1])

    def cases(self) -> Iterator[Tensors]:
        """All sizes, and all batches of all but the largest."""
        for size in self._sizes:
            for rows in BATCHES if size != self._sizes[-1] or len(self._sizes) == 1 else BATCHES[:1]:
                yield self.batch(rows, size)

    def traffic(self) -> list[Tensors]:
        """A row of each size."""
        return [self.batch(1, size) for size in self._sizes]

    def singles(self) -> list[Tensors]:
        """The same."""
        return self.traffic()

    def batch(self, rows: int, size: Size) -> Tensors:
        """Dark text on paper of another shade in each row, from another sentence on."""
        return {self._name: np.stack([self._draw(row, size) for row in range(rows)])}

    def _draw(self, row: int, size: Size) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        height, width = size
        shade = 255 - 9 * row
        image = Image.new("RGB", (width, height), (shade, shade, 255 - 4 * row))
        pen = ImageDraw.Draw(image)
        font = ImageFont.load_default(self._font)
        for number, top in enumerate(range(2, height - self._font, 2 * self._font)):
            sentence = LATIN[(row + number) % len(LATIN)]
            pen.text((6, top), sentence[4 * row :], fill=(8 * row, 20, 40), font=font)
        pixels = np.asarray(image, np.float32)[..., ::-1] / np.float32(127.5) - np.float32(1)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))
