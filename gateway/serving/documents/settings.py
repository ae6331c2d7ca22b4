"""What an operator may choose about documents."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from model_repository.bounds import Bytes, Count, CountOrZero, Seconds

MEBIBYTE = 2**20


@dataclass(frozen=True)
class DocumentSettings:
    """Bounds of documents, and where they may come from.

    Attributes:
        max_bytes: largest document; a larger one answers 413.
        max_pages: pages that one request may have read; more answer 422.
        dpi: pixels per inch at which pages are rendered.
        max_page_pixels: width times height of a drawn page; a larger page is drawn more coarsely.
        at_once: documents that may be open together, each in a process of its own.
        queue: documents that may wait for those processes; one more answers 503.
        page_seconds: seconds that a process may take to open a document, and again for each page.
        memory_bytes: memory that such a process may take.
        fetch: whether documents may be named by an address for the gateway to fetch.
        fetch_seconds: seconds that fetching a document may take.
        hosts: names of hosts that documents may be fetched from although they are inside the site's network.
        model: the model that reads pages for requests that name none.

    """

    max_bytes: Bytes = 20 * MEBIBYTE
    max_pages: Count = 200
    dpi: Annotated[int, Meta(ge=36, le=600)] = 150
    max_page_pixels: Count = 16_000_000
    at_once: Count = 4
    queue: CountOrZero = 64
    page_seconds: Seconds = 20.0
    memory_bytes: Bytes = 1024 * MEBIBYTE
    fetch: bool = True
    fetch_seconds: Seconds = 20.0
    hosts: tuple[str, ...] = ()
    model: str = "pp-ocrv4"
