"""Words at the ends of lines: hyphenated ones are joined, leaders and scripts without spaces told apart."""

import re
from unicodedata import east_asian_width

HYPHENATED = re.compile(r"[^\W\d_]{2}[-\u2010\u00ad]$")
"""A word that goes on in the next line."""

COMPOUND = re.compile(r"[^\W_]-$")
"""One whose parts have a hyphen between them, or numbers from one to another."""

LEADERS = re.compile(r"(?:\.\s?){4}")
"""Dots from an entry of a table of contents to the number of its page."""


def has_leaders(text: str) -> bool:
    """Whether dots lead from one end of a line to the other."""
    return LEADERS.search(text) is not None


def first_word(text: str) -> str:
    """Of text, or its first character where words are written without spaces between them."""
    return text[0] if _is_wide(text[0]) else text.split(maxsplit=1)[0]


def is_hyphenated(above: str, below: str) -> bool:
    """Whether a word was parted at the end of a line: `below` goes on in lower case."""
    return HYPHENATED.search(above) is not None and below[0].islower()


def run_on(above: str, below: str) -> str:
    """A line as it stands before another one of the same paragraph: without a hyphen, or with a space."""
    if is_hyphenated(above, below):
        return above[:-1]
    if (_is_wide(above[-1]) and _is_wide(below[0])) or (COMPOUND.search(above) and below[0].isalnum()):
        return above
    return f"{above} "


def _is_wide(character: str) -> bool:
    """Of scripts such as Chinese, that put no spaces between words; full stops of theirs too."""
    return east_asian_width(character) in "WF"
