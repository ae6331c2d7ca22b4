"""Columns: the order in which people read rows.

Rows that leave the same gutter free between long lines on both sides are columns of prose, read one after the
other; the cells of a table are short and are read row by row.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import inf
from statistics import median

from gateway.serving.layout.rows import Row

Gap = tuple[float, float]
"""Where nothing stands, from x to x."""

PROSE = 10.0
"""Times as long as high: from there on a line is prose, below it a cell."""

COLUMN_ROWS = 3
"""Rows that columns have at least."""


DEEPEST = 12
"""Times that a part of the page is parted again: no page has so many columns, unless somebody means harm."""


def parts(rows: Sequence[Row], deep: int = 0) -> Iterator[list[Row]]:
    """The rows cut where columns begin and end; each column is a part of its own.

    Args:
        deep: columns that the rows lie in already.

    """
    part: list[Row] = []
    begin = 0
    while begin < len(rows):
        end, gutter = _columns(rows, begin)
        sides = _sides(rows[begin:end], gutter) if gutter and deep < DEEPEST else None
        if sides is None:
            part += rows[begin:end]
        else:
            if part:
                yield part
            for side in sides:
                yield from parts(side, deep + 1)
            part = []
        begin = end
    if part:
        yield part


def _columns(rows: Sequence[Row], begin: int) -> tuple[int, Gap | None]:
    """How far the rows from `begin` on leave a common gutter free, and which."""
    gutters = _gaps(rows[begin])[1:-1]
    end = begin + 1
    while gutters and end < len(rows):
        common = list(_common(gutters, _gaps(rows[end])))
        if not common:
            break
        gutters, end = common, end + 1
    widest = max(gutters, key=lambda gap: gap[1] - gap[0], default=None)
    return end, widest


def _gaps(row: Row) -> list[Gap]:
    """All that a row leaves free; the first and the last are what is to the left and the right of it."""
    ends = list(accumulate((line.right for line in row.lines), max))
    between = [(end, line.left) for end, line in zip(ends, row.lines[1:], strict=False) if end < line.left]
    return [(-inf, row.left), *between, (ends[-1], inf)]


def _common(gutters: Sequence[Gap], gaps: Sequence[Gap]) -> Iterator[Gap]:
    """What two rows leave free, both from left to right."""
    one = other = 0
    while one < len(gutters) and other < len(gaps):
        gutter, gap = gutters[one], gaps[other]
        left, right = max(gutter[0], gap[0]), min(gutter[1], gap[1])
        if left < right:
            yield left, right
        if gutter[1] < gap[1]:
            one += 1
        else:
            other += 1


def _sides(band: Sequence[Row], gutter: Gap) -> tuple[list[Row], list[Row]] | None:
    """What stands on both sides of a gutter, or None where it does not part prose."""
    middle = sum(gutter) / 2
    left = [Row(side) for row in band if (side := tuple(line for line in row.lines if line.right <= middle))]
    right = [Row(side) for row in band if (side := tuple(line for line in row.lines if line.left >= middle))]
    return (left, right) if _is_prose(left) and _is_prose(right) else None


def _is_prose(rows: Sequence[Row]) -> bool:
    shapes = [(line.right - line.left) / max(line.height, 1.0) for row in rows for line in row.lines]
    return len(rows) >= COLUMN_ROWS and median(shapes) >= PROSE
