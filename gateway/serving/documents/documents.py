"""Documents by address, as data URLs or as bytes, page by page: PDFs and images."""

import base64
import binascii
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from gateway.serving.documents.errors import DocumentRefusedError, DocumentTooLargeError
from gateway.serving.documents.fetching import Fetcher
from gateway.serving.documents.pages import Page
from gateway.serving.documents.pdf import PdfOpener
from gateway.serving.documents.settings import DocumentSettings
from gateway.serving.images import ImageDecoder

PDF = b"%PDF-"
PDF_WITHIN = 1024
"""Bytes in which the mark of a PDF stands; some writers put their own before it."""


UNKNOWN_DPI = 72
"""Of images, which have pixels and no size."""


class Documents:
    """Gets documents and opens them."""

    def __init__(self, settings: DocumentSettings, images: ImageDecoder) -> None:
        self._settings = settings
        self._images = images
        self._fetcher = Fetcher(settings)
        self._opener = PdfOpener(settings)

    async def get(self, url: str) -> bytes:
        """Bytes of a document.

        Args:
            url: `https://…`, `http://…` or `data:…;base64,…`.

        Raises:
            DocumentRefusedError: it cannot be had.
            DocumentTooLargeError: it is too large.
            OverloadedError: too many documents wait.

        """
        if url[:5].lower() != "data:":
            return await self._fetcher.fetch(url)
        head, comma, data = url.partition(",")
        if not comma or not head.lower().endswith(";base64"):
            raise DocumentRefusedError("A data URL must be data:TYPE;base64,DATA.")
        if len(data) // 4 * 3 > self._settings.max_bytes + 2:
            raise DocumentTooLargeError(self._settings.max_bytes)
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise DocumentRefusedError("The data URL is not standard base64.") from None

    async def pages(
        self, data: bytes, chosen: Sequence[int] | None = None, *, text: bool = False
    ) -> AsyncGenerator[Page, None]:
        """The chosen pages of a document, or all.

        Args:
            chosen: from 0.
            text: a page's own text will do where it has some.

        Raises:
            DocumentRefusedError: it cannot be read, or has no such page.
            DocumentTooLargeError: it is too large.
            TriremeError: see `ImageDecoder.picture` and `PdfOpener.pages`.

        """
        if len(data) > self._settings.max_bytes:
            raise DocumentTooLargeError(self._settings.max_bytes)
        if is_pdf(data):
            async with aclosing(self._opener.pages(data, chosen, text=text)) as pages:
                async for page in pages:
                    yield page
            return
        if missing := [index for index in chosen or () if index]:
            raise DocumentRefusedError(
                f"The document cannot be read: an image is page 0, and page {missing[0]} is asked for."
            )
        if chosen is None or chosen:
            image = await self._images.picture(data, "document")
            yield Page(index=0, size=image.size, dpi=UNKNOWN_DPI, image=image)


class RemoteDocument:
    """A document that is got when somebody first wants it, and kept for whoever reads it next."""

    def __init__(self, documents: Documents, url: str) -> None:
        self._documents = documents
        self._url = url
        self._content: bytes | None = None

    async def content(self) -> bytes:
        """Its bytes.

        Raises:
            TriremeError: see `Documents.get`.

        """
        if self._content is None:
            self._content = await self._documents.get(self._url)
        return self._content


def is_pdf(data: bytes) -> bool:
    """Whether a document says that it is a PDF."""
    return PDF in data[:PDF_WITHIN]
