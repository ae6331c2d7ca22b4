"""Words across the ends of lines."""

import re
from unicodedata import east_asian_width

HYPHENATED = re.compile(r"[^\W\d_]{2}[-\u2010\u00ad]$")
"""A word that goes on in the next line."""

COMPOUND = re.compile(r"[^\W_]-$")
"""One whose parts have a hyphen between them, or numbers from one to another."""


def first_word(text: str) -> str:
    """Of text, or its first character where words are written without spaces between them."""
    return text[0] if _is_wide(text[0]) else text.split(maxsplit=1)[0]


def is_hyphenated(above: str, below: str) -> bool:
    """Whether a word was parted at the end of a line: `below` goes on in lower case."""
    return HYPHENATED.search(above) is not None and below[0].islower()


def joined(above: str, below: str) -> str:
    """Two lines as one, both without spaces at their ends."""
    if is_hyphenated(above, below):
        return above[:-1] + below
    if (_is_wide(above[-1]) and _is_wide(below[0])) or (COMPOUND.search(above) and below[0].isalnum()):
        return above + below
    return f"{above} {below}"


def _is_wide(character: str) -> bool:
    """Of scripts such as Chinese, that put no spaces between words; full stops of theirs too."""
    return east_asian_width(character) in "WF"
