"""Paragraphs and items of lists."""

import pytest
from typeset_lines import line, lines, prose

from gateway.serving.layout.markdown import markdown
from gateway.serving.ocr.lines import Line

TEXT = "all of the text goes on here"


def test_room_parts_paragraphs() -> None:
    assert markdown([*prose(2), *prose(2, top=50)]) == f"{TEXT} {TEXT}\n\n{TEXT} {TEXT}"


def test_double_spacing_does_not() -> None:
    page = [line(TEXT, 10, 24 * row, width=250) for row in range(5)]
    assert markdown(page) == " ".join([TEXT] * 5)


def test_lines_that_end_early_on_purpose_stay_lines() -> None:
    page = [*lines("Trireme Ltd", "Harbour Street 7", "Piraeus"), *prose(4, top=60)]
    assert markdown(page).startswith("Trireme Ltd\nHarbour Street 7\nPiraeus\n\nall of")


def test_an_indented_line_behind_a_sentence_begins_a_paragraph() -> None:
    page = [*prose(2), line("It ends.", 10, 24), line("And here begins another", 25, 36, width=235)]
    assert markdown([*page, *prose(2, top=48)]).split("\n\n")[1].startswith("And here begins another all")


@pytest.mark.parametrize(
    ("above", "below", "text"),
    [
        ("all the har-", "bours", "all the harbours"),
        ("all the har\u00ad", "bours", "all the harbours"),
        ("from Jean-", "Paul", "from Jean-Paul"),
        ("pages 12-", "14 too", "pages 12-14 too"),
        ("so he left -", "and came", "so he left - and came"),
        ("三段桨战船是", "古代的船", "三段桨战船是古代的船"),
    ],
)
def test_words_across_lines(above: str, below: str, text: str) -> None:
    page = [line(above, 10, 0, width=250), line(below, 10, 12, width=240)]
    assert markdown(page) == text


@pytest.mark.parametrize("mark", ["•", "•  ", "- ", "\u2013 ", "* "])
def test_bullets(mark: str) -> None:
    assert markdown(lines(f"{mark}rowers", f"{mark}marines")) == "- rowers\n- marines"


def test_numbers_count() -> None:
    assert markdown(lines("1. sail", "2. row", "3. land")) == "1. sail\n2. row\n3. land"
    assert markdown(lines("7) sail", "8) row")) == "7) sail\n8) row"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("1984. So it went", "on"), "1984\\. So it went\non"),
        (("12. It stands alone",), "12\\. It stands alone"),
        (("2. is before", "1. is not"), "2\\. is before\n1\\. is not"),
        (("- alone",), "\\- alone"),
        (("3.5 metres", "4.5 metres"), "3.5 metres\n4.5 metres"),
    ],
)
def test_lines_that_look_like_items_by_chance(texts: tuple[str, ...], expected: str) -> None:
    assert markdown([*lines(*texts), *prose(3, top=80)]).split("\n\n")[0] == expected


def test_items_go_on_and_end() -> None:
    page = [
        line("• rowers, of whom there are many", 10, 0, width=250),
        line("on every bench", 22, 12),
        line("• marines", 10, 24),
        *prose(2, top=36),
    ]
    assert markdown(page) == (f"- rowers, of whom there are many on every bench\n- marines\n\n{TEXT} {TEXT}")


def test_text_further_left_than_a_mark_is_not_its_items() -> None:
    page = [*prose(2), line("• a line as long as the others", 30, 24, width=230), *prose(2, top=36)]
    assert markdown(page).split("\n\n")[1:] == ["- a line as long as the others", f"{TEXT} {TEXT}"]


def test_entries_of_a_table_of_contents_stay_lines() -> None:
    page = [line(f"Ships{' .' * 20} {row}", 10, 12 * row, width=250) for row in range(3)]
    assert len(markdown(page).splitlines()) == 3


def test_a_line_that_sticks_out_does_not_part_the_others() -> None:
    page = [*prose(3), line("a line of code that is longer than the page is wide", 10, 60, width=400)]
    assert markdown(page).split("\n\n")[0] == f"{TEXT} {TEXT} {TEXT}"


def items(*placed: tuple[float, str]) -> list[Line]:
    return [line(text, left, 12 * row) for row, (left, text) in enumerate(placed)]


def test_lists_in_lists() -> None:
    page = items((10, "1. crew"), (30, "• rowers"), (50, "• upper"), (30, "• marines"), (10, "2. ship"))
    assert markdown(page) == "1. crew\n   - rowers\n     - upper\n   - marines\n2. ship"


def test_the_mark_may_stand_apart() -> None:
    page = [line("•", 10, 0), line("rowers", 60, 0), line("•", 10, 12), line("marines", 60, 12)]
    assert markdown(page) == "- rowers\n- marines"
