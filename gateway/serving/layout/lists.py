"""Lists, and lists in their items."""

from collections.abc import Sequence

from gateway.serving.layout.escaping import escaped
from gateway.serving.layout.items import Item
from gateway.serving.layout.passages import Passage
from gateway.serving.layout.spacing import Spacing

NESTED = 1.0
"""Of a row's size: an item whose mark stands so much further right lies inside of the one above."""


DEEPEST = 6
"""Lists in each other; what lies further in stands beside them."""


def list_markdown(passages: Sequence[Passage], spacing: Spacing) -> str:
    """Passages that are items one after the other, those inside of others indented."""
    lines = []
    outer: list[Item] = []
    for passage in passages:
        item = passage.item
        assert item is not None
        while outer and item.left < outer[-1].left + NESTED * passage.rows[0].size:
            outer.pop()
        indent = " " * sum(len(above.mark) + 1 for above in outer)
        inside = indent + " " * (len(item.mark) + 1)
        text = escaped(passage.text(spacing)).replace("\n", f"\n{inside}")
        lines.append(f"{indent}{item.mark} {text}")
        outer = [*outer, item][:DEEPEST]
    return "\n".join(lines)
