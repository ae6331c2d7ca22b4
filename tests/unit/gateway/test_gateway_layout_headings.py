"""Which lines of a page are headings."""

import pytest
from typeset_lines import line, lines, prose

from gateway.serving.layout.markdown import markdown
from gateway.serving.ocr.lines import Line


def first(page: list[Line]) -> str:
    return markdown(page).split("\n\n")[0]


@pytest.mark.parametrize(
    ("height", "bold", "mark"),
    [
        (20, False, "# "),
        (14, False, "## "),
        (12, False, "### "),
        (10, True, "#### "),
        (11, False, ""),
        (9, True, ""),
        (20, None, "# "),
        (13, None, "## "),
        (11.5, None, ""),
    ],
)
def test_the_size_makes_the_level(height: float, bold: bool | None, mark: str) -> None:
    assert first([line("Head", 10, 0, height=height, bold=bold), *prose(6, top=40)]) == f"{mark}Head"


@pytest.mark.parametrize(
    "text",
    ["It ends like a sentence.", "Or a label:", "• An item", "12 34", "Sails . . . . 7", "word " * 41],
)
def test_large_text_that_is_no_heading(text: str) -> None:
    large = line(text.strip(), 10, 0, height=14, width=250)
    assert not first([large, *prose(40, top=40)]).startswith("#")


def test_a_heading_of_two_rows_and_a_paragraph_in_large_type() -> None:
    heading = [line("All the ships of", 10, 0, height=14), line("the har-", 10, 16, height=14)]
    end = line("bour", 10, 32, height=14)
    assert first([*heading, end, *prose(20, top=70)]) == "## All the ships of the harbour"
    large = [line("a text in large letters", 10, 16 * row, height=14, width=250) for row in range(4)]
    assert not first([*large, *prose(40, top=100)]).startswith("#")


def test_what_a_quarter_of_the_page_is_set_in_is_text() -> None:
    page = [line("Warning", 10, 0, height=14), *prose(1, top=30)]
    assert first(page) == "## Warning"
    page = [line("Warning, warning", 10, 0, height=14), *prose(1, top=30)]
    assert first(page) == "Warning, warning"
    bold = [line("all of the text goes on here", 10, 12 * row, width=250, bold=True) for row in range(3)]
    assert first([line("Head", 10, -40, bold=True), *bold]) == "Head"


def test_bold_lines_that_are_but_emphasised() -> None:
    within = [*prose(3), line("is bold", 10, 36, bold=True), *prose(3, top=48)]
    assert "#" not in markdown(within)
    at_the_end = [*prose(6), line("Total", 10, 100, bold=True)]
    assert markdown(at_the_end).endswith("\n\nTotal")


def test_text_of_a_heading_stays_text() -> None:
    assert first([line("Note #", 10, 0, height=20), *prose(6, top=40)]) == "# Note \\#"
    assert first([line("1. *Ships*", 10, 0, height=20), *prose(6, top=40)]) == "# 1. \\*Ships\\*"


def test_a_turned_page_has_no_giant_headings() -> None:
    def upwards(text: str, left: float, length: float) -> Line:
        return Line(((left, length), (left, 0), (left + 10, 0), (left + 10, length)), text)

    page = [upwards("a long line that runs up the page", 0, 300), upwards("short line", 20, 60)]
    assert "#" not in markdown(page)
    assert "#" not in markdown(lines("one", "two"))
