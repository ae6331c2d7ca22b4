"""Passages: the rows of one paragraph, or of one item of a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gateway.serving.layout.items import SAME_EDGE, Item, is_marked, items_of
from gateway.serving.layout.rows import Row
from gateway.serving.layout.spacing import Spacing
from gateway.serving.layout.words import has_leaders, is_hyphenated, run_on

INDENT = 0.8
"""Of a row's size: a row so much further right than the end of a sentence above begins a paragraph."""

SENTENCE_ENDS = tuple(".!?:\u2026\u3002\uff01\uff1f")


@dataclass(frozen=True)
class Passage:
    """Rows that belong together.

    Attributes:
        item: what their first row says behind the mark of a list; None for paragraphs.

    """

    rows: tuple[Row, ...]
    item: Item | None

    def text(self, spacing: Spacing) -> str:
        """Its words; a new line only where the page has one on purpose."""
        first = self.rows[0].text if self.item is None else self.item.text
        texts = [first, *(row.text for row in self.rows[1:])]
        pieces = []
        for (above, text), (row, below) in pairwise(zip(self.rows, texts, strict=True)):
            runs_on = _is_running(above) and _is_running(row) and not spacing.ends_early(above, row)
            pieces.append(run_on(text, below) if runs_on or is_hyphenated(text, below) else f"{text}\n")
        return "".join((*pieces, texts[-1]))


def passages_of(rows: Sequence[Row], spacing: Spacing) -> list[Passage]:
    """Rows that stand under each other, cut into passages."""
    items = items_of(rows)
    passages: list[Passage] = []
    begin = 0
    for end in range(1, len(rows) + 1):
        if end < len(rows) and end not in items and not _begins(rows, end, items.get(begin), spacing):
            continue
        passages.append(Passage(tuple(rows[begin:end]), items.get(begin)))
        begin = end
    return passages


def _is_running(row: Row) -> bool:
    """Whether a row has no gaps but the one behind a mark, and no dots across one."""
    return (len(row.cells) == 1 or is_marked(row)) and not has_leaders(row.text)


def _begins(rows: Sequence[Row], at: int, item: Item | None, spacing: Spacing) -> bool:
    """Whether a row without a mark begins a paragraph, below one that belongs to an item or to none."""
    above, row = rows[at - 1], rows[at]
    if spacing.parts(above, row):
        return True
    early = spacing.ends_early(above, row)
    if item is not None:
        further_right = (row.left - item.left) / row.size
        return further_right < -SAME_EDGE or (early and further_right <= SAME_EDGE)
    indented = row.left - above.left >= INDENT * row.size
    return indented and (early or above.text.endswith(SENTENCE_ENDS))
