"""Headings, by how much larger than the page's text they are."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Self

from gateway.serving.layout.escaping import escaped_inside
from gateway.serving.layout.items import has_bullet
from gateway.serving.layout.rows import Row
from gateway.serving.layout.spacing import Spacing
from gateway.serving.layout.words import has_leaders, run_on
from gateway.serving.ocr.lines import Line

KNOWN_SIZES = ((1.7, 1), (1.35, 2), (1.15, 3))
"""Of the text's size, and the level from there on, where the page tells its sizes."""

MEASURED_SIZES = ((1.6, 1), (1.2, 2))
"""The same for sizes that are measured: those of lines without high and low letters are too small."""

BOLD_LEVEL = 4
"""Of a bold line as large as the text."""

SAME_SIZE = 0.95
"""Of the text's size: smaller bold lines are labels."""

MOST = 0.75
"""Share of a page's characters that are text; what more of them have is no sign of a heading."""

MOST_ROWS = 3
"""Rows of a heading; more are text in large type."""

LONGEST = 200
"""Characters of a heading."""

NO_TITLE_ENDS = tuple(".,;:")
"""How a line ends that is but emphasised."""

BACKSLASH = r"\\"

CLOSING = re.compile(r"(?<= )(?=#+$)")
"""Signs that Markdown would leave away behind a heading."""


@dataclass(frozen=True)
class Type:
    """What a page's text is set in.

    Attributes:
        size: in pixels; most characters are no larger.
        bold: whether bold characters are too many to be headings alone.

    """

    size: float
    bold: bool

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Self:
        """That of the lines of a page; at least one."""
        characters = sum(len(line.text) for line in lines)
        by_size = sorted(lines, key=lambda line: line.size)
        reached = accumulate(len(line.text) for line in by_size)
        size = next(
            line.size for line, sum_ in zip(by_size, reached, strict=True) if sum_ >= MOST * characters
        )
        bold = sum(len(line.text) for line in lines if line.bold)
        return cls(size, bold > (1 - MOST) * characters)

    def level(self, row: Row) -> int | None:
        """Level that a row's size and weight stand for, from 1; None for text."""
        ratio = row.size / self.size
        sizes = MEASURED_SIZES if any(line.bold is None for line in row.lines) else KNOWN_SIZES
        for least, level in sizes:
            if ratio >= least:
                return level
        emphasised = not self.bold and all(line.bold for line in row.lines)
        return BOLD_LEVEL if emphasised and ratio >= SAME_SIZE else None


@dataclass(frozen=True)
class Heading:
    """A heading of a level from 1 to 6."""

    level: int
    rows: tuple[Row, ...]

    @property
    def markdown(self) -> str:
        """In one line."""
        texts = [row.text for row in self.rows]
        text = "".join((*(run_on(above, below) for above, below in pairwise(texts)), texts[-1]))
        return f"{'#' * self.level} {CLOSING.sub(BACKSLASH, escaped_inside(text))}"


def with_headings(
    rows: Sequence[Row], type_: Type, spacing: Spacing, *, more: bool
) -> list[Heading | list[Row]]:
    """Headings, and the stretches of text between them.

    A bold line as large as the text is one if it stands apart from what is above it, and above something; so
    is a line whose size is but measured.

    Args:
        more: something stands below the last row.

    """
    found: list[Heading | list[Row]] = []
    end = 0
    for level, run in _runs(rows, type_, spacing):
        begin, end = end, end + len(run)
        apart = begin == 0 or spacing.parts(rows[begin - 1], run[0])
        doubtful = level == BOLD_LEVEL or any(line.bold is None for row in run for line in row.lines)
        placed = not doubtful or (apart and (more or end < len(rows)))
        if level is not None and placed and _is_title(run):
            found.append(Heading(level, tuple(run)))
        elif found and isinstance(found[-1], list):
            found[-1] += run
        else:
            found.append(run)
    return found


def _runs(rows: Sequence[Row], type_: Type, spacing: Spacing) -> Iterator[tuple[int | None, list[Row]]]:
    """Rows of one level that nothing parts."""
    levels = [type_.level(row) for row in rows]
    run = [rows[0]]
    for at, (above, row) in enumerate(pairwise(rows), 1):
        if levels[at] != levels[at - 1] or spacing.parts(above, row):
            yield levels[at - 1], run
            run = []
        run.append(row)
    yield levels[-1], run


def _is_title(rows: Sequence[Row]) -> bool:
    """Whether the words of rows can be a heading's."""
    text = " ".join(row.text for row in rows)
    short = len(rows) <= MOST_ROWS and len(text) <= LONGEST and not text.endswith(NO_TITLE_ENDS)
    return short and not has_bullet(text) and not has_leaders(text) and any(map(str.isalpha, text))
