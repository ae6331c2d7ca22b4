"""Pages of documents, as the gateway works on them."""

from dataclasses import dataclass

from PIL import Image

from gateway.serving.ocr.lines import Line

Box = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        index: in its document, from 0.
        size: width and height in pixels.
        dpi: pixels an inch.
        image: RGB; None where its own text is enough.
        lines: the page's own text, None where it is to be read off the image.
        pictures: that are but a part of the page.

    """

    index: int
    size: tuple[int, int]
    dpi: int
    image: Image.Image | None
    lines: tuple[Line, ...] | None = None
    pictures: tuple[Box, ...] = ()
