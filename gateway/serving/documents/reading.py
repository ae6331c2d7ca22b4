"""Documents read: each page as Markdown, with the pictures on it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from gateway.serving.documents.pages import Box, Page
from gateway.serving.layout.markdown import markdown
from gateway.serving.ocr.lines import Line
from gateway.serving.threads import Threads

Read = Callable[[Image.Image], Awaitable[Sequence[Line]]]
"""Reads the lines off a page."""

JPEG_QUALITY = 85


@dataclass(frozen=True, slots=True)
class PictureChoice:
    """Which pictures are wanted.

    Attributes:
        most: of the whole document, None for all.
        smallest: pixels that both sides have at least.
        content: their bytes are wanted too.

    """

    most: int | None = None
    smallest: int = 0
    content: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture on a page.

    Attributes:
        name: as the page's Markdown has it.
        jpeg: empty where its bytes are not wanted.

    """

    name: str
    box: Box
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class ReadPage:
    """What stands on a page; sizes in pixels."""

    index: int
    size: tuple[int, int]
    dpi: int
    markdown: str
    pictures: tuple[Picture, ...]


class DocumentReader:
    """Reads pages one after the other.

    Args:
        threads: where pages are put in order and pictures are cut out.

    """

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def read(self, pages: AsyncIterator[Page], read: Read, choice: PictureChoice) -> list[ReadPage]:
        """All pages, by their own text where they bring it, else by what `read` sees on them.

        Raises:
            TriremeError: as the pages, or `read`.

        """
        done: list[ReadPage] = []
        number = 0
        async for page in pages:
            lines = page.lines
            if lines is None:
                assert page.image is not None
                lines = tuple(await read(page.image))
            left = None if choice.most is None else choice.most - number
            finished = await self._threads.run(_finish, page, lines, choice, number, left)
            number += len(finished.pictures)
            done.append(finished)
        return done


def _finish(
    page: Page, lines: Sequence[Line], choice: PictureChoice, number: int, left: int | None
) -> ReadPage:
    """Args: number: of the page's first picture; left: pictures that may still be taken."""
    wanted = [box for box in page.pictures if min(_sides(box)) >= choice.smallest][:left]
    pictures = tuple(
        Picture(f"img-{number + at}.jpeg", box, _jpeg(page, box) if choice.content else b"")
        for at, box in enumerate(wanted)
    )
    references = "\n".join(f"![{picture.name}]({picture.name})" for picture in pictures)
    text = "\n\n".join(filter(None, (markdown(lines), references)))
    return ReadPage(page.index, page.size, page.dpi, text, pictures)


def _sides(box: Box) -> tuple[int, int]:
    left, top, right, bottom = box
    return right - left, bottom - top


def _jpeg(page: Page, box: Box) -> bytes:
    assert page.image is not None
    file = BytesIO()
    page.image.crop(box).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
