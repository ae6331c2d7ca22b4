"""Rows: lines that stand at one height."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from gateway.serving.ocr.lines import Line

OVERLAP = 0.5
"""Share of the lower line's height that two lines of a row have in common at least."""

CELL_GAP = 1.0
"""Of a line's size: lines further apart are cells of their own."""


@dataclass(frozen=True)
class Row:
    """Lines of one height, from left to right; at least one."""

    lines: tuple[Line, ...]

    @property
    def left(self) -> float:
        """Smallest x."""
        return self.lines[0].left

    @cached_property
    def right(self) -> float:
        """Largest x."""
        return max(line.right for line in self.lines)

    @cached_property
    def top(self) -> float:
        """Smallest y."""
        return min(line.top for line in self.lines)

    @cached_property
    def bottom(self) -> float:
        """Largest y."""
        return max(line.bottom for line in self.lines)

    @cached_property
    def size(self) -> float:
        """Of its smallest line."""
        return min(line.size for line in self.lines)

    @cached_property
    def text(self) -> str:
        """Its words, one space between them."""
        return " ".join(word for line in self.lines for word in line.text.split())

    @cached_property
    def cells(self) -> tuple["Row", ...]:
        """Its lines, those together that stand close to each other."""
        cells: list[list[Line]] = []
        for line in self.lines:
            if cells and line.left - max(one.right for one in cells[-1]) <= CELL_GAP * self.size:
                cells[-1].append(line)
            else:
                cells.append([line])
        return tuple(Row(tuple(cell)) for cell in cells)

    def room_below(self, other: "Row") -> float:
        """Pixels from its bottom to the top of a row further down; below 0 where they overlap."""
        return other.top - self.bottom


def rows_of(lines: Iterable[Line]) -> list[Row]:
    """The rows of a page, from top to bottom."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        if rows and _level(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [Row(tuple(sorted(row, key=lambda line: line.left))) for row in rows]


def _level(one: Line, other: Line) -> bool:
    common = min(one.bottom, other.bottom) - max(one.top, other.top)
    return common >= OVERLAP * min(one.height, other.height)
