"""A bar chart as SVG, without a plotting library."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

WIDTH, LABELS, BAR, GAP = 860, 270, 18, 6
HEADING = 34
OURS, THEIRS, DIRECT = "#2166ac", "#b2b2b2", "#92c5de"


def bars(title: str, groups: Sequence[tuple[str, Sequence[tuple[str, float, str]]]]) -> str:
    """Horizontal bars in groups; each bar has a label, a value and a colour."""
    longest = max((value for _, rows in groups for _, value, _ in rows), default=1.0)
    scale = (WIDTH - LABELS - 80) / longest
    parts, y = [_text(10, 22, title, size=15, weight="bold")], 40
    for name, rows in groups:
        parts.append(_text(10, y + 20, name, size=13, weight="bold"))
        y += HEADING
        for label, value, colour in rows:
            parts.append(_text(LABELS - 8, y + BAR - 5, label, anchor="end"))
            place = f'x="{LABELS}" y="{y}" width="{max(1.0, scale * value):.1f}" height="{BAR}"'
            parts.append(f'<rect {place} fill="{colour}"/>')
            parts.append(_text(LABELS + 6 + scale * value, y + BAR - 5, f"{value:.0f}"))
            y += BAR + GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 10}" font-family="sans-serif">'
    background = f'<rect width="{WIDTH}" height="{y + 10}" fill="white"/>'
    return "\n".join([head, background, *parts, "</svg>"]) + "\n"


def _text(
    x: float, y: float, content: str, *, size: int = 12, weight: str = "normal", anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}">'
        f"{escape(content)}</text>"
    )
