"""What the gateway and the process that opens a document say to each other, each behind its length."""

from enum import StrEnum
from struct import Struct as Layout

import msgspec

LENGTH = Layout(">I")
"""Before each message: its bytes."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of the messages."""


class Order(Message, frozen=True):
    """What is wanted; the document's bytes follow up to the end of the input.

    Attributes:
        pages: from 0, or None for all.
        most_pages: more are refused.
        text: a page's own text will do where it has some.

    """

    pages: tuple[int, ...] | None
    most_pages: int
    dpi: int
    most_pixels: int
    text: bool


class Reason(StrEnum):
    """Why a document is not read."""

    DAMAGED = "it is damaged"
    ENCRYPTED = "it is encrypted"
    EMPTY = "it has no pages"


class Refused(Message, frozen=True):
    """The document is not read, or not on.

    Attributes:
        reason: the rest of a sentence about it.

    """

    reason: str


class Words(Message, frozen=True):
    """Text that a page has of itself, and where, in pixels of the drawn page.

    Attributes:
        bold: None where it is not seen on the page, as that of a scan that was read before.

    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    bold: bool | None


class Box(Message, frozen=True):
    """A picture on a page, in pixels of the drawn page."""

    left: int
    top: int
    right: int
    bottom: int


class Drawn(Message, frozen=True):
    """One page.

    Attributes:
        width: in pixels, like `height`.
        dpi: that it is drawn at.
        words: None where the page has no text of its own, or it is not wanted.
        pictures: images on it that are but a part of the page.
        pixels: RGB, rows from top to bottom without gaps; empty where the words are enough.

    """

    index: int
    width: int
    height: int
    dpi: int
    words: tuple[Words, ...] | None
    pictures: tuple[Box, ...]
    pixels: bytes


Answer = Refused | Drawn
"""What the process says, page after page; the end of its output is the end of the document."""
