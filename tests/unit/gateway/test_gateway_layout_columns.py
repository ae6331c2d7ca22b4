"""Lines of a page in the order in which people read them."""

from typeset_lines import line

from gateway.serving.layout.columns import parts
from gateway.serving.layout.markdown import markdown
from gateway.serving.layout.rows import rows_of
from gateway.serving.ocr.lines import Line


def column(name: str, left: float, top: float, rows: int) -> list[Line]:
    return [line(f"{name}{number}", left, top + 14 * number, width=180) for number in range(rows)]


def words(lines: list[Line]) -> list[str]:
    return [row.text for part in parts(rows_of(lines)) for row in part]


def test_rows_come_from_top_to_bottom_and_their_lines_from_left_to_right() -> None:
    lines = [line("price", 200, 31), line("below", 10, 45), line("item", 10, 30), line("head", 10, 0)]
    assert words(lines) == ["head", "item price", "below"]


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    title, foot = line("A title over both columns", 10, 0, width=380), line("foot", 10, 120, width=380)
    lines = [*column("right", 220, 40, 4), title, *column("left", 10, 40, 5), foot]
    assert words(lines) == [
        "A title over both columns",
        *(f"left{number}" for number in range(5)),
        *(f"right{number}" for number in range(4)),
        "foot",
    ]


def test_columns_keep_their_structure() -> None:
    left, right = column("left", 10, 20, 5), column("right", 220, 20, 5)
    heading = line("Heading", 10, 0, height=14)
    assert markdown([*right, heading, *left]) == (
        "## Heading\n\nleft0 left1 left2 left3 left4\n\nright0 right1 right2 right3 right4"
    )


def test_short_lines_beside_each_other_are_no_columns() -> None:
    lines = [
        line(f"{name}{row}", left, 14 * row) for row in range(4) for name, left in (("b", 150), ("a", 10))
    ]
    assert words(lines) == ["a0 b0", "a1 b1", "a2 b2", "a3 b3"]


def test_a_page_of_a_thousand_columns_is_read_too() -> None:
    lines = [
        line(f"{at}-{row}", 12 * at + 0.0005 * at * at, 12 * row, width=11, height=1)
        for at in range(1000)
        for row in range(3)
    ]
    assert sorted(" ".join(words(lines)).split()) == sorted(one.text for one in lines)


def test_cells_stand_apart() -> None:
    (row,) = rows_of([line("one", 10, 0), line("word", 33, 1), line("cell", 90, 0)])
    assert [cell.text for cell in row.cells] == ["one word", "cell"]
