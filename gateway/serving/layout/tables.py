"""Tables: rows that follow each other closely, whose cells stand in the same columns."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gateway.serving.layout.escaping import escaped_inside
from gateway.serving.layout.items import is_marked
from gateway.serving.layout.rows import Row

TABLE_ROWS = 3
"""That a table has at least, its head among them."""

TABLE_COLUMNS = 2
"""That a table has at least, and cells that each of its rows has."""

ROOM = 2.0
"""Of a row's size: rows further below belong to no table."""

ALIGNED = 1.0
"""Of a row's size, by which the edges of a column's cells may differ."""

LONGEST_CELL = 30.0
"""Of a row's size: a longer cell is a text with something beside it."""

Span = tuple[float, float]
"""From the smallest to the largest."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        span: x that its cells take up.
        edges: spans of the left edges, the right edges and the middles of the cells below the head; empty
            before the first one.

    """

    span: Span
    edges: tuple[Span, ...] = ()

    @classmethod
    def below(cls, head: Row) -> Self:
        """That of a head."""
        return cls((head.left, head.right))

    def with_cell(self, cell: Row) -> "Column | None":
        """With one more cell below; None where that does not stand in line, or is a text."""
        at = cell.left, cell.right, (cell.left + cell.right) / 2
        edges = tuple(map(_wider, self.edges, at)) if self.edges else tuple((x, x) for x in at)
        aligned = any(last - first <= ALIGNED * cell.size for first, last in edges)
        if not aligned or cell.right - cell.left > LONGEST_CELL * cell.size:
            return None
        return Column(_wider(_wider(self.span, cell.left), cell.right), edges)


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        grid: its rows, the head first; None where a cell is empty.

    """

    grid: tuple[tuple[Row | None, ...], ...]

    @property
    def markdown(self) -> str:
        """With the pipes of its cells escaped."""
        head, *body = ([_content(cell) for cell in row] for row in self.grid)
        return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body))


def table_at(rows: Sequence[Row], begin: int) -> Table | None:
    """The table whose head is the row `begin`, if that is one."""
    head = rows[begin]
    if len(head.cells) < TABLE_COLUMNS or is_marked(head):
        return None
    grid: list[Sequence[Row | None]] = [head.cells]
    columns = list(map(Column.below, head.cells))
    for at in range(begin + 1, len(rows)):
        row = rows[at]
        if is_marked(row) or rows[at - 1].room_below(row) > ROOM * row.size:
            break
        cells = _placed(row.cells, columns)
        if cells is None:
            break
        grid.append(cells)
    return Table(tuple(map(tuple, grid))) if len(grid) >= TABLE_ROWS else None


def _placed(cells: Sequence[Row], columns: list[Column]) -> list[Row | None] | None:
    """A row's cells by the columns, which take them in.

    None, and the columns as they were, where a cell is in no column, in two, or where another is.
    """
    if len(cells) < max(TABLE_COLUMNS, len(columns) / 2):
        return None
    ends = [column.span[1] for column in columns]
    placed: list[Row | None] = [None] * len(columns)
    grown = columns.copy()
    for cell in cells:
        at = bisect_right(ends, cell.left)
        inside = at < len(columns) and placed[at] is None and columns[at].span[0] < cell.right
        alone = inside and (at + 1 == len(columns) or cell.right <= columns[at + 1].span[0])
        column = columns[at].with_cell(cell) if alone else None
        if column is None:
            return None
        grown[at], placed[at] = column, cell
    columns[:] = grown
    return placed


def _wider(span: Span, x: float) -> Span:
    return min(span[0], x), max(span[1], x)


def _content(cell: Row | None) -> str:
    return "" if cell is None else escaped_inside(cell.text).replace("|", r"\|")
