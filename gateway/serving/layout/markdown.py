"""Pages as Markdown."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from gateway.serving.layout.columns import parts
from gateway.serving.layout.escaping import escaped
from gateway.serving.layout.headings import Heading, Type, with_headings
from gateway.serving.layout.lists import list_markdown
from gateway.serving.layout.passages import Passage, passages_of
from gateway.serving.layout.rows import Row, rows_of
from gateway.serving.layout.spacing import Spacing
from gateway.serving.layout.tables import Table, table_at
from gateway.serving.ocr.lines import Line


def markdown(lines: Sequence[Line]) -> str:
    """The lines of a page in the order of reading, with its headings, lists, tables and paragraphs."""
    if not lines:
        return ""
    type_ = Type.of(lines)
    return "\n\n".join(block for part in parts(rows_of(lines)) for block in _blocks(part, type_))


def _blocks(rows: Sequence[Row], type_: Type) -> Iterator[str]:
    """What stands in one column."""
    pieces = _with_tables(rows)
    text = [row for piece in pieces if isinstance(piece, list) for row in piece]
    spacing = Spacing.of(text or rows)
    for piece in pieces:
        if isinstance(piece, Table):
            yield piece.markdown
            continue
        for stretch in with_headings(piece, type_, spacing, more=piece is not pieces[-1]):
            if isinstance(stretch, Heading):
                yield stretch.markdown
            else:
                yield from _text(passages_of(stretch, spacing), spacing)


def _with_tables(rows: Sequence[Row]) -> list[Table | list[Row]]:
    """Tables, and the stretches of text between them."""
    found: list[Table | list[Row]] = []
    at = 0
    while at < len(rows):
        table = table_at(rows, at)
        if table is not None:
            found.append(table)
            at += len(table.grid)
            continue
        if not found or isinstance(found[-1], Table):
            found.append([])
        stretch = found[-1]
        assert isinstance(stretch, list)
        stretch.append(rows[at])
        at += 1
    return found


def _text(passages: Sequence[Passage], spacing: Spacing) -> Iterator[str]:
    """Paragraphs and lists."""
    for is_list, group in groupby(passages, key=lambda passage: passage.item is not None):
        if is_list:
            yield list_markdown(list(group), spacing)
        else:
            yield from (escaped(passage.text(spacing)) for passage in group)
