"""Lines of pages that are set for tests."""

from collections.abc import Sequence

from gateway.serving.ocr.lines import Line


def line(
    text: str,
    left: float,
    top: float,
    *,
    width: float | None = None,
    height: float = 10,
    bold: bool | None = False,
) -> Line:
    right, bottom = left + (width or 0.6 * height * len(text)), top + height
    return Line(((left, top), (right, top), (right, bottom), (left, bottom)), text, bold=bold)


def lines(*texts: str, left: float = 10, top: float = 0, pitch: float = 12) -> list[Line]:
    """Lines below each other."""
    return [line(text, left, top + pitch * number) for number, text in enumerate(texts)]


def prose(rows: int, top: float = 0, left: float = 10) -> list[Line]:
    """Lines of running text, all of a width."""
    return [
        line("all of the text goes on here", left, top + 12 * number, width=250) for number in range(rows)
    ]


def grid(*rows: Sequence[str], lefts: Sequence[float] = (10, 150, 290), top: float = 0) -> list[Line]:
    """Cells in columns; empty ones are left out."""
    return [
        line(text, left, top + 14 * number)
        for number, row in enumerate(rows)
        for text, left in zip(row, lefts, strict=False)
        if text
    ]
