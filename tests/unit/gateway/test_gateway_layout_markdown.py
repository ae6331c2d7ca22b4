"""Pages as Markdown: no word is lost or doubled, and text stays text."""

import re
from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from typeset_lines import grid, line, lines, prose

from gateway.serving.layout.escaping import escaped
from gateway.serving.layout.markdown import markdown
from gateway.serving.ocr.lines import Line

MARKS = "*_`#<>[]()!&;~\\|+-=.:1 "
TEXTS = st.lists(st.text("ab" + MARKS, min_size=1, max_size=12), min_size=1, max_size=3)

WORDS = st.text("abcdefgh", min_size=1, max_size=9)
LINES = st.builds(
    lambda words, left, top, height, bold: line(" ".join(words), left, top, height=height, bold=bold),
    st.lists(WORDS, min_size=1, max_size=8),
    st.sampled_from([10.0, 16.0, 20.0, 150.0, 300.0]) | st.floats(0, 600),
    st.integers(0, 40).map(lambda row: 12.0 * row) | st.floats(0, 800),
    st.sampled_from([10.0, 10.0, 12.0, 20.0]) | st.floats(0.5, 60),
    st.sampled_from([True, False, None]),
)


def shown(text: str) -> str:
    """What a reader of Markdown sees of one paragraph, and nothing else."""
    first, inline, last = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    assert (first.type, last.type) == ("paragraph_open", "paragraph_close")
    assert {child.type for child in inline.children or ()} <= {"text", "softbreak", "text_special"}
    return "".join("\n" if child.type == "softbreak" else child.content for child in inline.children or ())


@given(TEXTS)
@example(["1. a", "---", "[a]: b", "a | b", "-|-", "&amp;", "![a](b)", "<b>", "a\\"])
@settings(max_examples=500)
def test_escaped_text_is_shown_as_it_is(texts: list[str]) -> None:
    stripped = [" ".join(text.split()) for text in texts]
    text = "\n".join(filter(None, stripped))
    if text:
        assert shown(escaped(text)) == text


def test_plain_text_is_not_touched() -> None:
    text = "It's 5 * 3 in snake_case, C:\\Users - or 100 % (so) [1], #2: a|b + c = d; <= & co."
    assert escaped(text) == text


@given(st.lists(LINES, max_size=30))
@settings(max_examples=300, deadline=None)
def test_no_word_is_lost_or_doubled(page: list[Line]) -> None:
    words = Counter(word for line in page for word in line.text.split())
    assert Counter(re.findall("[a-h]+", markdown(page))) == words


def test_a_page_of_paragraphs_is_paragraphs() -> None:
    page = [*prose(4), line("and ends.", 10, 48), *prose(3, top=70), line("The end.", 10, 106)]
    text = "all of the text goes on here"
    assert markdown(page) == f"{' '.join([text] * 4)} and ends.\n\n{' '.join([text] * 3)} The end."


def test_an_empty_page() -> None:
    assert markdown([]) == ""


def test_tables_lists_and_headings_of_one_page() -> None:
    page = [
        line("Fleet", 10, 0, height=20),
        *prose(4, top=30),
        *grid(("Ship", "Oars"), ("Paralos", "170"), ("Salaminia", "168"), top=90),
        *lines("- paid", "- ready", top=150),
        *prose(2, top=190),
    ]
    text = "all of the text goes on here"
    assert markdown(page).split("\n\n") == [
        "# Fleet",
        " ".join([text] * 4),
        "| Ship | Oars |\n| --- | --- |\n| Paralos | 170 |\n| Salaminia | 168 |",
        "- paid\n- ready",
        " ".join([text] * 2),
    ]
