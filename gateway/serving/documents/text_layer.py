"""The text that a PDF's page brings with it, line by line.

PDFium tells characters in the order in which the page draws them, with a line break where it sees one. Where
characters stand apart, as in the cells of a table, a line is cut as well.
"""

import ctypes
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import hypot
from typing import Any, NamedTuple
from unicodedata import category

import pypdfium2
import pypdfium2.raw as pdfium

from gateway.serving.documents.messages import Words
from gateway.serving.documents.places import Places

MOST_WORDS = 5000
"""Lines of one page."""

HYPHEN = "\x02"
"""PDFium's sign for a hyphen at the end of a line, behind which it tells no break."""

BREAKS = "\r\n"

UNREADABLE = ("Cc", "Cs", "Cn")
"""Kinds of characters that are left out: control, halves of others, none at all."""

APART = 1.0
"""Of a font's size: characters further apart are on lines of their own."""

DRAWN_APART = 0.6
"""The same for characters that are drawn on their own, as those of another column are."""

ASCENT = 0.8
"""Of a font's size: the part above the line that its letters stand on."""

LEANING = 0.2
"""To the side, of the way up, that the letters of level lines lean at most."""

FAR = 100
"""Times a font's size: over such a way the direction does not suffer from whole pixels."""

BOLD = re.compile("bold|black|heavy|demi|cmbx|sfbx", re.IGNORECASE)
"""In names of fonts; their weights are often missing or wrong."""

LONGEST_NAME = 128

LIKELY = 3.0
"""Times as large as a character's box, or as small: a size beyond is none, as in fonts made of drawings."""


@dataclass(frozen=True, eq=False)
class Face:
    """How a stretch of characters is set.

    Attributes:
        bold: None where it is not seen.
        size: of the font, in points.
        base: y that level letters stand on, in pixels; None where they run another way.

    """

    bold: bool | None
    size: float
    base: int | None


class Glyph(NamedTuple):
    """A character, and the edges of its box in points of the page.

    Attributes:
        spaced: there is a space before it.

    """

    character: str
    left: float
    bottom: float
    right: float
    top: float
    face: Face
    spaced: bool

    def follows(self, other: "Glyph") -> bool:
        """Whether it stands beside another one, on whichever side: not all scripts run to the right."""
        if self.face.base is None or other.face.base is None:
            return self.face.base == other.face.base
        apart = max(
            self.left - other.right, other.left - self.right, self.bottom - other.top, other.bottom - self.top
        )
        size = max(self.face.size, self.top - self.bottom, other.top - other.bottom)
        return apart <= size * (APART if self.face is other.face else DRAWN_APART)


def words_of(page: pypdfium2.PdfPage, places: Places) -> tuple[Words, ...]:
    """The page's own text; nothing where no letter or figure is in it."""
    text = page.get_textpage()
    try:
        lines = islice(_lines(_glyphs(text, places)), MOST_WORDS)
        found = tuple(_words(line, places) for line in lines)
    finally:
        text.close()
    readable = any(character.isalnum() for words in found for character in words.text)
    return found if readable else ()


def _words(line: Sequence[Glyph], places: Places) -> Words:
    """A line, set as most of it is."""
    faces = Counter(glyph.face for glyph in line)
    face = max(faces, key=faces.__getitem__)  # `most_common` imports, which this process cannot
    left, top, right, bottom = map(
        float,
        places.box(
            min(glyph.left for glyph in line),
            min(glyph.bottom for glyph in line),
            max(glyph.right for glyph in line),
            max(glyph.top for glyph in line),
        ),
    )
    if face.base is not None:
        size = face.size * places.scale
        top = face.base - ASCENT * size
        bottom = top + size
    text = "".join(f" {glyph.character}" if glyph.spaced else glyph.character for glyph in line).strip()
    return Words(text=text, left=left, top=top, right=right, bottom=bottom, bold=face.bold)


def _lines(glyphs: Iterable[Glyph | None]) -> Iterator[list[Glyph]]:
    line: list[Glyph] = []
    for glyph in glyphs:
        if line and (glyph is None or not glyph.follows(line[-1])):
            yield line
            line = []
        if glyph is not None:
            line.append(glyph)
    if line:
        yield line


def _glyphs(text: pypdfium2.PdfTextPage, places: Places) -> Iterator[Glyph | None]:
    """The page's characters, None where a line ends."""
    spaced = False
    drawn, face = None, None
    box = pdfium.FS_RECTF()
    for number in range(text.count_chars()):
        character = chr(pdfium.FPDFText_GetUnicode(text, number))
        if character in BREAKS:
            yield None
            continue
        if character.isspace():
            spaced = True
            continue
        if character != HYPHEN and category(character) in UNREADABLE:
            continue
        pdfium.FPDFText_GetLooseCharBox(text, number, box)
        here = _address(pdfium.FPDFText_GetTextObject(text, number))
        if face is None or here != drawn:
            drawn, face = here, _face(text, number, box, places)
        shown = "-" if character == HYPHEN else character
        yield Glyph(shown, box.left, box.bottom, box.right, box.top, face, spaced)
        spaced = False
        if character == HYPHEN:
            yield None


def _address(pointer: Any) -> int | None:
    return ctypes.cast(pointer, ctypes.c_void_p).value


def _face(text: pypdfium2.PdfTextPage, number: int, box: Any, places: Places) -> Face:
    """Args: box: of the character, the `FS_RECTF`."""
    matrix, x, y = pdfium.FS_MATRIX(), ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetMatrix(text, number, matrix)
    pdfium.FPDFText_GetCharOrigin(text, number, x, y)
    size = pdfium.FPDFText_GetFontSize(text, number)
    upwards = matrix.c * size, matrix.d * size
    foot, head = (places.pixel(x.value + part * upwards[0], y.value + part * upwards[1]) for part in (0, FAR))
    level = foot[1] > head[1] and abs(foot[0] - head[0]) <= LEANING * (foot[1] - head[1])
    points, seen = hypot(*upwards), max(box.top - box.bottom, box.right - box.left)
    likely = seen / LIKELY <= points <= LIKELY * seen
    return Face(_bold(text, number), points if likely else seen, foot[1] if level else None)


def _bold(text: pypdfium2.PdfTextPage, number: int) -> bool | None:
    shown = pdfium.FPDFTextObj_GetTextRenderMode(pdfium.FPDFText_GetTextObject(text, number))
    if shown == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
        return None
    name, flags = ctypes.create_string_buffer(LONGEST_NAME), ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(text, number, name, LONGEST_NAME, flags)
    return BOLD.search(name.value.decode("latin-1")) is not None
