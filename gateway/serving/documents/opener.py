"""`python -m gateway.serving.documents.opener MEMORY_BYTES`: opens one PDF, confined, and draws its pages.

Parsers of PDF are large and their input is hostile, so this process has no files, no network and an end: the
gateway kills it when it takes too long.
"""

import codecs
import os
import sys
from collections.abc import Iterator, Sequence
from math import ceil, isfinite, sqrt

import msgspec
import pypdfium2
import pypdfium2.raw as pdfium

from gateway.serving.confinement import confine
from gateway.serving.documents.messages import LENGTH, Answer, Box, Drawn, Order, Reason, Refused
from gateway.serving.documents.places import Places
from gateway.serving.documents.text_layer import words_of

POINTS = 72
"""An inch."""

PICTURE_SHARE = 0.8
"""Of the page: an image larger than this is the page itself, scanned."""

MOST_PICTURES = 200


def main() -> None:
    """Read the order and the document, answer page by page."""
    output = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not come between the messages
    codecs.lookup("utf-16-le")  # that of the library's texts: later no file can be read any more
    confine(int(sys.argv[1]))
    encoder = msgspec.msgpack.Encoder()
    decoder = msgspec.msgpack.Decoder(Order)
    source = sys.stdin.buffer
    order = decoder.decode(source.read(*LENGTH.unpack(source.read(LENGTH.size))))
    data = source.read()
    for answer in _answers(order, data):
        _write(output, encoder.encode(answer))


def _write(output: int, message: bytes) -> None:
    rest = memoryview(LENGTH.pack(len(message)) + message)
    while rest:
        rest = rest[os.write(output, rest) :]


def _answers(order: Order, data: bytes) -> Iterator[Answer]:
    try:
        document = pypdfium2.PdfDocument(data)
        pages = _pages(order, len(document))
        if isinstance(pages, Refused):
            yield pages
            return
        for index in pages:
            yield _draw(order, document, index)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD
        yield Refused(reason=Reason.ENCRYPTED if locked else Reason.DAMAGED)


def _pages(order: Order, number: int) -> Sequence[int] | Refused:
    if not number:
        return Refused(reason=Reason.EMPTY)
    wanted = range(number) if order.pages is None else order.pages
    if missing := [index for index in wanted if index >= number]:
        return Refused(reason=f"it has {number} pages, the first is 0, and page {missing[0]} is asked for")
    if len(wanted) > order.most_pages:
        return Refused(
            reason=f"{len(wanted)} pages are asked for, and at most {order.most_pages} are read at a time"
        )
    return wanted


def _draw(order: Order, document: pypdfium2.PdfDocument, index: int) -> Drawn:
    page = document[index]
    try:
        scale = _scale(order, *page.get_size())
        width, height = (ceil(side * scale) for side in page.get_size())
        places = Places(page, width, height, scale)
        words = words_of(page, places) if order.text else None
        pictures = tuple(_pictures(page, places, width, height))
        pixels = b"" if words and not pictures else _pixels(page, scale)
        return Drawn(
            index=index,
            width=width,
            height=height,
            dpi=round(scale * POINTS),
            words=words or None,
            pictures=pictures,
            pixels=pixels,
        )
    finally:
        page.close()


def _scale(order: Order, width: float, height: float) -> float:
    """Pixels a point."""
    if not (isfinite(width) and isfinite(height) and width > 0 and height > 0):
        raise pypdfium2.PdfiumError("a page without a size")
    return min(order.dpi / POINTS, sqrt(order.most_pixels / (width * height)))


def _pixels(page: pypdfium2.PdfPage, scale: float) -> bytes:
    bitmap = page.render(scale=scale, rev_byteorder=True, force_bitmap_format=pdfium.FPDFBitmap_BGR)
    try:
        return bytes(bitmap.buffer)
    finally:
        bitmap.close()


def _pictures(page: pypdfium2.PdfPage, places: Places, width: int, height: int) -> Iterator[Box]:
    number = 0
    for image in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]):
        left, top, right, bottom = places.box(*image.get_bounds())
        left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
        area = (right - left) * (bottom - top)
        if right > left and bottom > top and area <= PICTURE_SHARE * width * height:
            yield Box(left=left, top=top, right=right, bottom=bottom)
            number += 1
        if number == MOST_PICTURES:
            return


if __name__ == "__main__":
    main()
