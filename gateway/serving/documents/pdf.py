"""PDFs page by page, out of processes that are bounded in memory and time."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress

import msgspec
from PIL import Image

from gateway.serving.documents.errors import DocumentRefusedError
from gateway.serving.documents.messages import LENGTH, Answer, Drawn, Order, Reason, Refused, Words
from gateway.serving.documents.pages import Page
from gateway.serving.documents.settings import DocumentSettings
from gateway.serving.gate import Gate
from gateway.serving.ocr.lines import Line
from gateway.serving.processes import end, ended, start

CHANNELS = 3

MARGIN = 2**24
"""Bytes of a message beside its pixels: more is no page, whoever has taken hold of the process."""


class PdfOpener:
    """Opens documents, a few at a time."""

    def __init__(self, settings: DocumentSettings) -> None:
        self._settings = settings
        self._gate = Gate("documents", at_once=settings.at_once, queue=settings.queue)
        self._decoder = msgspec.msgpack.Decoder(Answer)

    async def pages(
        self, data: bytes, chosen: Sequence[int] | None, *, text: bool
    ) -> AsyncGenerator[Page, None]:
        """The chosen pages in their order, or all; the next is drawn while one is worked on.

        Args:
            chosen: from 0.
            text: a page's own text will do where it has some.

        Raises:
            DocumentRefusedError: it is damaged, encrypted, too much, or has no such page.
            OverloadedError: too many documents wait.
            UnconfinedError: processes cannot be confined on this host.

        """
        async with self._gate.enter():
            process = await start("gateway.serving.documents.opener", str(self._settings.memory_bytes))
            try:
                async with aclosing(self._read(process, self._order(chosen, text=text), data)) as pages:
                    async for page in pages:
                        yield page
            finally:
                await end(process)

    def _order(self, chosen: Sequence[int] | None, *, text: bool) -> Order:
        return Order(
            pages=None if chosen is None else tuple(chosen),
            most_pages=self._settings.max_pages,
            dpi=self._settings.dpi,
            most_pixels=self._settings.max_page_pixels,
            text=text,
        )

    async def _read(self, process: Process, order: Order, data: bytes) -> AsyncGenerator[Page, None]:
        sending = asyncio.create_task(_send(process, order, data))
        try:
            while (answer := await self._next(process)) is not None:
                if isinstance(answer, Refused):
                    raise _unreadable(answer.reason)
                yield _page(answer)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _next(self, process: Process) -> Answer | None:
        """The next message, None at the end.

        Raises:
            DocumentRefusedError: the process died of the document, or takes too long.
            UnconfinedError: it could not be confined.

        """
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._settings.page_seconds):
                try:
                    head = await process.stdout.readexactly(LENGTH.size)
                    (length,) = LENGTH.unpack(head)
                    if length > CHANNELS * self._settings.max_page_pixels + MARGIN:
                        raise _unreadable(Reason.DAMAGED)
                    body = await process.stdout.readexactly(length)
                except asyncio.IncompleteReadError as cut:
                    if await ended(process) == 0 and not cut.partial:
                        return None
                    raise _unreadable("it is damaged, or takes too much memory") from None
        except TimeoutError:
            seconds = self._settings.page_seconds
            raise _unreadable(f"a page takes longer than {seconds:g} seconds") from None
        answer: Answer = self._decoder.decode(body)
        return answer


def _unreadable(reason: str) -> DocumentRefusedError:
    return DocumentRefusedError(f"The document cannot be read: {reason}.")


async def _send(process: Process, order: Order, data: bytes) -> None:
    assert process.stdin is not None
    message = msgspec.msgpack.encode(order)
    with suppress(ConnectionError):  # it has refused the document already
        process.stdin.write(LENGTH.pack(len(message)) + message)
        process.stdin.write(data)
        await process.stdin.drain()
        process.stdin.close()


def _page(drawn: Drawn) -> Page:
    size = drawn.width, drawn.height
    image = None
    if drawn.pixels:
        if len(drawn.pixels) != CHANNELS * drawn.width * drawn.height:
            raise _unreadable(Reason.DAMAGED)
        image = Image.frombuffer("RGB", size, drawn.pixels, "raw", "RGB", 0, 1)
    return Page(
        index=drawn.index,
        size=size,
        dpi=drawn.dpi,
        image=image,
        lines=None if drawn.words is None else tuple(map(_line, drawn.words)),
        pictures=tuple((box.left, box.top, box.right, box.bottom) for box in drawn.pictures),
    )


def _line(words: Words) -> Line:
    left, top, right, bottom = words.left, words.top, words.right, words.bottom
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Line(corners, words.text, bold=words.bold)
