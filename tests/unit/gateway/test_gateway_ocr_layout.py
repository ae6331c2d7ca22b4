"""Lines of a page in the order in which people read them."""

from gateway.serving.ocr.layout import markdown
from gateway.serving.ocr.lines import Line


def line(text: str, left: float, top: float, width: float | None = None, height: float = 10) -> Line:
    right, bottom = left + (width or 6 * len(text)), top + height
    return Line(((left, top), (right, top), (right, bottom), (left, bottom)), text)


def prose(name: str, left: float, top: float, rows: int) -> list[Line]:
    return [line(f"{name}{number}", left, top + 14 * number, width=180) for number in range(rows)]


def test_rows_come_from_top_to_bottom_and_their_lines_from_left_to_right() -> None:
    lines = [line("price", 200, 31), line("below", 10, 45), line("item", 10, 30), line("head", 10, 0)]
    assert markdown(lines) == "head\n\nitem price\nbelow"


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    title, foot = line("A title over both columns", 10, 0, width=380), line("foot", 10, 120, width=380)
    lines = [*prose("right", 220, 40, 4), title, *prose("left", 10, 40, 5), foot]
    assert markdown(lines).split() == [
        *["A", "title", "over", "both", "columns"],
        *(f"left{number}" for number in range(5)),
        *(f"right{number}" for number in range(4)),
        "foot",
    ]


def test_a_table_is_read_row_by_row() -> None:
    lines = [
        line(f"{name}{row}", left, 14 * row) for row in range(4) for name, left in (("b", 150), ("a", 10))
    ]
    assert markdown(lines) == "a0 b0\na1 b1\na2 b2\na3 b3"


def test_room_parts_paragraphs() -> None:
    assert markdown([*prose("a", 0, 0, 2), *prose("b", 0, 50, 2)]) == "a0\na1\n\nb0\nb1"


def test_an_empty_page() -> None:
    assert markdown([]) == ""
