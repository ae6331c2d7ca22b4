"""Which rows of a page are tables."""

from typeset_lines import grid, line, prose

from gateway.serving.layout.markdown import markdown
from gateway.serving.ocr.lines import Line


def body(page: list[Line]) -> list[list[str]]:
    """Cells of the table that the page is, without its rule."""
    head, rule, *rows = markdown(page).splitlines()
    assert set(rule) == set("|- ")
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in (head, *rows)]


def test_cells_in_line() -> None:
    rows = [["Item", "Pieces", "Price"], ["Oars", "170", "12.50"], ["Sail", "2", "310.40"]]
    assert body(grid(*rows)) == rows


def test_numbers_that_end_in_line() -> None:
    ends = [
        line(text, 200 - 6 * len(text), 14 * row)
        for row, text in enumerate(("Price", "12.50", "9", "310.40"))
    ]
    names = [line(f"item{row}", 10, 14 * row) for row in range(4)]
    assert [row[1] for row in body([*names, *ends])] == ["Price", "12.50", "9", "310.40"]


def test_empty_cells() -> None:
    rows = [["a", "b", "c"], ["d", "", "e"], ["", "f", "g"], ["h", "i", ""]]
    assert body(grid(*rows)) == [[cell.strip() for cell in row] for row in rows]


def test_pipes_in_cells() -> None:
    assert markdown(grid(["a|b", "c"], ["d", "\\|"], ["e", "*f*"])).splitlines() == [
        "| a\\|b | c |",
        "| --- | --- |",
        "| d | \\\\\\| |",
        "| e | \\*f\\* |",
    ]


def test_rows_that_are_no_table_keep_their_lines() -> None:
    two_rows = grid(["Name:", "Themistocles"], ["Born:", "Phrearrhioi"])
    assert markdown(two_rows) == "Name: Themistocles\nBorn: Phrearrhioi"
    far = [*grid(["a", "b"]), *grid(["c", "d"], top=60), *grid(["e", "f"], top=120)]
    assert "|" not in markdown(far)
    staggered = [line("x", left, 12 * row) for row in range(4) for left in (10 + 40 * row, 30 + 40 * row)]
    assert "|" not in markdown(staggered)


def test_numbers_beside_lines_of_a_text_are_no_column() -> None:
    numbers = [line(str(12 + row), 10, 12 * row) for row in range(6)]
    assert "|" not in markdown([*numbers, *(line("a" * 60, 60, 12 * row, width=400) for row in range(6))])


def test_lists_are_no_tables() -> None:
    for marks in (["•"] * 4, ["1.", "2.", "3.", "4."]):
        page = [
            item
            for row, mark in enumerate(marks)
            for item in (line(mark, 10, 12 * row), line("item", 40, 12 * row))
        ]
        assert "|" not in markdown(page)


def test_text_above_and_below_stays_outside() -> None:
    page = [*prose(3), *grid(["a", "b"], ["c", "d"], ["e", "f"], top=60), *prose(3, top=120)]
    assert markdown(page).split("\n\n")[1] == "| a | b |\n| --- | --- |\n| c | d |\n| e | f |"
