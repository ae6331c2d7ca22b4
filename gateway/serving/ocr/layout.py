"""The order in which people read lines that stand about on a page, and the page as Markdown.

Lines at one height are one row. Rows that leave the same gutter free between long lines on both sides are
columns of prose, read one after the other; the cells of a table are short and are read row by row.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from gateway.serving.ocr.lines import Line

Row = list[Line]
Gap = tuple[float, float]
"""Where nothing stands, from x to x."""

OVERLAP = 0.5
"""Share of the lower line's height that two lines of a row have in common at least."""

PROSE = 10.0
"""Times as long as high: from there on a line is prose, below it a cell."""

COLUMN_ROWS = 3
"""Rows that columns have at least."""

PARAGRAPH = 0.8
"""Of a line's height: more room above a row begins a paragraph."""

EDGES: Gap = (float("-inf"), float("inf"))


def markdown(lines: Sequence[Line]) -> str:
    """The text in reading order: a paragraph a block, a line a row."""
    blocks = [block for part in _parts(_rows(lines)) for block in _paragraphs(part)]
    return "\n\n".join("\n".join(" ".join(line.text for line in row) for row in block) for block in blocks)


def _rows(lines: Iterable[Line]) -> list[Row]:
    """Lines of one height together, from left to right."""
    rows: list[Row] = []
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        if rows and _level(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _level(one: Line, other: Line) -> bool:
    common = min(one.bottom, other.bottom) - max(one.top, other.top)
    return common >= OVERLAP * min(one.height, other.height)


def _parts(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows cut where columns begin and end; each column is a part of its own."""
    part: list[Row] = []
    begin = 0
    while begin < len(rows):
        end, gutter = _columns(rows, begin)
        sides = _sides(rows[begin:end], gutter) if gutter else None
        if sides is None:
            part += rows[begin:end]
        else:
            if part:
                yield part
            for side in sides:
                yield from _parts(side)
            part = []
        begin = end
    if part:
        yield part


def _columns(rows: Sequence[Row], begin: int) -> tuple[int, Gap | None]:
    """How far the rows from `begin` on leave a common gutter free, and which."""
    gutters = [(left.right, right.left) for left, right in pairwise(rows[begin])]
    end = begin + 1
    while gutters and end < len(rows):
        common = list(_common(gutters, _gaps(rows[end])))
        if not common:
            break
        gutters, end = common, end + 1
    widest = max(gutters, key=lambda gap: gap[1] - gap[0], default=None)
    return end, widest


def _gaps(row: Row) -> list[Gap]:
    """All that a row leaves free, to the left and the right of it too."""
    edges = [EDGES[0], *(x for line in row for x in (line.left, line.right)), EDGES[1]]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _common(gutters: Sequence[Gap], gaps: Sequence[Gap]) -> Iterator[Gap]:
    for gutter in gutters:
        for gap in gaps:
            left, right = max(gutter[0], gap[0]), min(gutter[1], gap[1])
            if left < right:
                yield left, right


def _sides(band: Sequence[Row], gutter: Gap) -> tuple[list[Row], list[Row]] | None:
    """What stands on both sides of a gutter, or None where it does not part prose."""
    middle = sum(gutter) / 2
    left = [side for row in band if (side := [line for line in row if line.right <= middle])]
    right = [side for row in band if (side := [line for line in row if line.left >= middle])]
    return (left, right) if _is_prose(left) and _is_prose(right) else None


def _is_prose(rows: Sequence[Row]) -> bool:
    shapes = [(line.right - line.left) / max(line.height, 1.0) for row in rows for line in row]
    return len(rows) >= COLUMN_ROWS and median(shapes) >= PROSE


def _paragraphs(rows: Sequence[Row]) -> Iterator[list[Row]]:
    block = [rows[0]]
    for above, row in pairwise(rows):
        room = min(line.top for line in row) - max(line.bottom for line in above)
        if room > PARAGRAPH * min(line.height for line in (*above, *row)):
            yield block
            block = []
        block.append(row)
    yield block
