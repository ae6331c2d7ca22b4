"""Wires the parts that read documents."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Self

from PIL import Image

from control_plane.catalog import Provider
from gateway.serving.documents.documents import Documents
from gateway.serving.documents.reading import DocumentReader, PictureChoice, ReadPage
from gateway.serving.documents.settings import DocumentSettings
from gateway.serving.images import ImageDecoder
from gateway.serving.ocr.lines import Line
from gateway.serving.rows import RowRunner
from gateway.serving.tasks.ocr import OcrTask
from gateway.serving.triton import TritonPool


@dataclass(frozen=True)
class Reading:
    """What the endpoints that read documents work with.

    Attributes:
        model: name of the model that reads for requests that name none.
        max_bytes: of a document.

    """

    documents: Documents
    ocr: OcrTask
    model: str
    max_bytes: int
    _reader: DocumentReader

    @classmethod
    def of(
        cls, settings: DocumentSettings, rows: RowRunner, triton: TritonPool, images: ImageDecoder
    ) -> Self:
        """All of it."""
        return cls(
            Documents(settings, images),
            OcrTask(rows, triton, images.threads),
            settings.model,
            settings.max_bytes,
            DocumentReader(images.threads),
        )

    async def read(
        self,
        data: bytes,
        chosen: Sequence[int] | None,
        read: Callable[[Image.Image], Awaitable[Sequence[Line]]],
        choice: PictureChoice,
        *,
        text: bool = False,
    ) -> list[ReadPage]:
        """Pages of a document; see `Documents.pages` and `DocumentReader.read`."""
        async with aclosing(self.documents.pages(data, chosen, text=text)) as pages:
            return await self._reader.read(pages, read, choice)

    async def read_with(
        self, provider: Provider, data: bytes, chosen: Sequence[int] | None, choice: PictureChoice
    ) -> list[ReadPage]:
        """Pages of a document, all read by a provider's model."""
        return await self.read(data, chosen, partial(self.ocr.run, provider), choice)
