"""Tables: rows that follow each other closely, whose cells stand in the same columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from gateway.serving.layout.escaping import escaped
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
"""Of a row's size: where the cells of a column are longer, it is a text with something beside it."""

EDGES: tuple[Callable[[Row], float], ...] = (
    lambda cell: cell.left,
    lambda cell: cell.right,
    lambda cell: (cell.left + cell.right) / 2,
)
"""By which the cells of a column may stand in line."""


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
    head = rows[begin].cells
    if len(head) < TABLE_COLUMNS or is_marked(rows[begin]):
        return None
    grid: list[Sequence[Row | None]] = [head]
    spans = [(cell.left, cell.right) for cell in head]
    for above, row in zip(rows[begin:], rows[begin + 1 :], strict=False):
        placed = None if is_marked(row) else _placed(row.cells, spans)
        if placed is None or above.room_below(row) > ROOM * row.size:
            break
        grid.append(placed)
        spans = [_wider(span, cell) for span, cell in zip(spans, placed, strict=True)]
    if len(grid) < TABLE_ROWS or not all(map(_is_column, zip(*grid[1:], strict=True))):
        return None
    return Table(tuple(map(tuple, grid)))


def _placed(cells: Sequence[Row], spans: Sequence[tuple[float, float]]) -> list[Row | None] | None:
    """The cells in their columns; None where one is in no column or in two, or another is there already."""
    if len(cells) < max(TABLE_COLUMNS, len(spans) / 2):
        return None
    placed: list[Row | None] = [None] * len(spans)
    for cell in cells:
        at = [number for number, (left, right) in enumerate(spans) if cell.left < right and left < cell.right]
        if len(at) != 1 or placed[at[0]] is not None:
            return None
        placed[at[0]] = cell
    return placed


def _wider(span: tuple[float, float], cell: Row | None) -> tuple[float, float]:
    return span if cell is None else (min(span[0], cell.left), max(span[1], cell.right))


def _is_column(cells: Sequence[Row | None]) -> bool:
    """Whether cells stand in line, and are no running text."""
    filled = [cell for cell in cells if cell is not None]
    if not filled:
        return True
    within = ALIGNED * min(cell.size for cell in filled)
    aligned = any(max(map(edge, filled)) - min(map(edge, filled)) <= within for edge in EDGES)
    return aligned and median((cell.right - cell.left) / cell.size for cell in filled) <= LONGEST_CELL


def _content(cell: Row | None) -> str:
    return "" if cell is None else escaped(cell.text).replace("|", r"\|")
