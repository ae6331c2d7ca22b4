"""The bytes that each token adds to a text; some tokens are only part of a character."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class Vocabulary:
    """The tokens of one tokenizer, read by the rules of its decoder."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        decoder = tokenizer.decoder
        self._kinds = frozenset(() if decoder is None else _kinds(json.loads(decoder.__getstate__())))
        self._added = tokenizer.get_added_tokens_decoder()

    def bytes_of(self, token: int) -> bytes:
        """Bytes of a token inside a text; none for special tokens and for numbers that stand for no token."""
        if (added := self._added.get(token)) is not None:
            return b"" if added.special else str(added.content).encode()
        text: str | None = self._tokenizer.id_to_token(token)
        if text is None:
            return b""
        if "ByteLevel" in self._kinds:
            return bytes(_BYTES[character] for character in text)
        if found := _BYTE.fullmatch(text):
            return bytes.fromhex(found[1])
        if "WordPiece" in self._kinds:
            return text[2:].encode() if text.startswith("##") else f" {text}".encode()
        return text.replace("\N{LOWER ONE EIGHTH BLOCK}", " ").encode()


def read_vocabulary(path: Path, size: int) -> list[bytes]:
    """Bytes of the first `size` tokens of a `tokenizer.json`."""
    vocabulary = Vocabulary(Tokenizer.from_file(str(path)))
    return [vocabulary.bytes_of(token) for token in range(size)]


def _kinds(decoder: Any) -> Iterator[str]:
    """The decoder's type, and those of its parts."""
    yield decoder["type"]
    for part in decoder.get("decoders", ()):
        yield from _kinds(part)


def _byte_characters() -> dict[str, int]:
    """The byte that each character stands for in byte-level vocabularies.

    Printable characters of Latin-1 stand for themselves, those from 256 on for the others in their order.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(256 + place): byte for place, byte in enumerate(others)
    }


_BYTES = _byte_characters()
