"""What a tokenizer may make of a text: gateways run it for whoever calls the model, beside all others."""

import json
from base64 import b64decode
from math import prod
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from converters.spec import ConversionError

LARGEST_FILE = 128 * 2**20
"""Bytes of `tokenizer.json`; those of the largest vocabularies have 35 MB."""

MOST_GROWTH = 256
"""Characters that may come of one; those of known tokenizers make up to 36."""

MOST_FRAME = 64
"""Special tokens that may be put around a text or a pair."""

LONGEST_TOKEN = 4096
"""Characters."""


def check_size(file: Path) -> None:
    """Refuse what every gateway would have to hold in memory several times over.

    Raises:
        ConversionError: the file is larger than any known one by far.

    """
    if (size := file.stat().st_size) > LARGEST_FILE:
        raise ConversionError(
            f"{file.name} has {size} bytes, more than {LARGEST_FILE}", hint="Make the vocabulary smaller."
        )


def check_growth(tokenizer: Tokenizer) -> None:
    """Refuse what makes very much of very little, such as thirty steps that double a letter.

    Raises:
        ConversionError: says which part of `tokenizer.json` does.

    """
    content = json.loads(tokenizer.to_str())
    for section in ("normalizer", "decoder"):
        growth = _growth(content[section])
        if growth > MOST_GROWTH:
            raise _refusal(f"the {section} can make {growth} characters of one, more than {MOST_GROWTH}")
    frame = max(map(tokenizer.num_special_tokens_to_add, (False, True)))
    if frame > MOST_FRAME:
        raise _refusal(f"the post_processor adds {frame} special tokens to a text, more than {MOST_FRAME}")
    longest = max(map(len, tokenizer.get_vocab()), default=0)
    if longest > LONGEST_TOKEN:
        raise _refusal(f"a token has {longest} characters, more than {LONGEST_TOKEN}")


def _growth(step: Any) -> int:
    """The most that a step of a normalizer or decoder makes of one character."""
    match step:
        case {"type": "Sequence", "normalizers": list(steps)} | {"type": "Sequence", "decoders": list(steps)}:
            return prod(map(_growth, steps))
        case {"type": "Replace", "pattern": {"String": str(found)}, "content": str(content)} if found:
            return -(-max(len(content), len(found)) // len(found))
        case {"type": "Replace", "content": str(content)}:  # an expression may also match between characters
            return 1 + len(content)
        case {"type": "Prepend", "prepend": str(content)}:
            return 1 + len(content)
        case {"type": "Precompiled", "precompiled_charsmap": str(table)}:
            return _longest(b64decode(table))
        case _:
            return 1


def _longest(table: bytes) -> int:
    """The longest text of SentencePiece's table: behind a tree, whose bytes come first, stand all texts."""
    texts = table[4 + int.from_bytes(table[:4], "little") :].split(b"\0")
    return max(1, *(len(text.decode(errors="replace")) for text in texts))


def _refusal(what: str) -> ConversionError:
    return ConversionError(
        f"tokenizer.json grows texts: {what}",
        hint="Give the tokenizer as the model was trained with; no known one needs that.",
    )
