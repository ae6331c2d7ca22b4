"""Items of lists, by the marks that they begin with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.serving.layout.rows import Row

MARK = re.compile(
    r"""
    (?: (?P<bullet> [•‣◦▪●○■□\u00b7\uf0a7\uf0b7] )    # those of word processors' own fonts too
      | (?P<dash> [-\u2013\u2014*] ) (?= \s | $ )
      | (?P<number> \d{1,3} ) (?P<after> [.)] ) (?= \s | $ )
    )
    \s*
    """,
    re.VERBOSE,
)

SAME_EDGE = 0.5
"""Of a row's size: marks whose left edges differ by less stand under each other."""


NEAR = 50
"""Marks to both sides, among which the one before and the one behind are looked for."""


@dataclass(frozen=True)
class Item:
    """What a row that begins an item says.

    Attributes:
        left: edge of its mark.
        size: of the row.
        kind: the sign, or what stands behind the number.
        number: None where the mark has none.
        certain: the mark is never anything else.
        text: behind the mark.

    """

    left: float
    size: float
    kind: str
    number: int | None
    certain: bool
    text: str

    @property
    def mark(self) -> str:
        """As Markdown has it."""
        return "-" if self.number is None else f"{self.number}{self.kind}"


def is_marked(row: Row) -> bool:
    """Whether a row has two cells for no other reason than the room behind its mark."""
    mark, *rest = row.cells
    return len(rest) == 1 and MARK.fullmatch(mark.text) is not None


def has_bullet(text: str) -> bool:
    """Whether text begins with a bullet."""
    match = MARK.match(text)
    return match is not None and match["bullet"] is not None


def items_of(rows: Sequence[Row]) -> dict[int, Item]:
    """The rows that begin items, by their place.

    A bullet begins one wherever it stands. A dash or a number may begin a line by chance: it takes another
    dash, or the number before or behind it, under or above it.
    """
    found = [(place, item) for place, row in enumerate(rows) if (item := _item(row)) is not None]
    return {
        place: item
        for at, (place, item) in enumerate(found)
        if item.certain
        or any(_follows(other, item) for _, other in found[at + 1 : at + 1 + NEAR])
        or any(_follows(item, other) for _, other in found[max(at - NEAR, 0) : at])
    }


def _item(row: Row) -> Item | None:
    match = MARK.match(row.text)
    if match is None or match.end() == len(row.text):
        return None
    number, bullet = match["number"], match["bullet"]
    return Item(
        left=row.left,
        size=row.size,
        kind=bullet or match["dash"] or match["after"],
        number=None if number is None else int(number),
        certain=bullet is not None,
        text=row.text[match.end() :],
    )


def _follows(item: Item, above: Item) -> bool:
    """Whether an item is the next one of the list that another, further up, belongs to."""
    if item.kind != above.kind or abs(item.left - above.left) > SAME_EDGE * item.size:
        return False
    if item.number is None or above.number is None:
        return item.number is above.number
    return item.number == above.number + 1
