"""Counting tokens the same way for every model: the gateway's own tokenizer, by which calls are charged.

Models count for themselves as well; theirs differ from model to model, and nobody could compare prices.
"""

import gzip
from binascii import a2b_base64
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

import tiktoken
from tiktoken_ext.openai_public import r50k_pat_str

from gateway.serving.threads import IN_PLACE_CHARACTERS, Threads

PREFIX = "tiktoken_"
HELD = ("gpt2", "r50k_base")
"""Encodings whose one file of ranks comes with the gateway; tiktoken fetches the others once, by digest."""

PIECE_CHARACTERS = 65_536
"""Longest run that is tokenised as one."""


class TokenCounter:
    """Counts in the caller's thread what is short, and off the event loop what is long.

    Args:
        encoding: see `load_encoding`.
        threads: where long texts are counted.

    """

    def __init__(self, encoding: tiktoken.Encoding, threads: Threads) -> None:
        self._encode = encoding.encode_ordinary
        self._threads = threads

    async def count(self, texts: Sequence[str]) -> int:
        """Tokens of all texts together, each by itself.

        Raises:
            OverloadedError: too many requests wait for a thread.

        """
        if sum(map(len, texts)) <= IN_PLACE_CHARACTERS:
            return self.count_now(texts)
        with self._threads.admit():
            return await self._threads.run(self.count_now, texts)

    async def count_written(self, texts: Sequence[str]) -> int:
        """Tokens of answers that have been paid for in time already: they wait, and are not refused."""
        if sum(map(len, texts)) <= IN_PLACE_CHARACTERS:
            return self.count_now(texts)
        return await self._threads.run(self.count_now, texts)

    def count_now(self, texts: Sequence[str]) -> int:
        """Tokens of all texts together, in this thread."""
        encode = self._encode
        return sum([len(encode(piece)) for text in texts for piece in pieces(text)])


def pieces(text: str) -> Iterator[str]:
    """Parts of a text that have as many tokens as the whole: tiktoken fails on megabytes without a word.

    A text is cut before a space that follows a word, where a token ends anyway. In a run of spaces or letters
    beyond `PIECE_CHARACTERS` it is cut anywhere, which may make a token more.
    """
    start = 0
    while len(text) - start > PIECE_CHARACTERS:
        end = text.rfind(" ", start + 1, start + PIECE_CHARACTERS)
        if end < 0 or text[end - 1].isspace():
            end = start + PIECE_CHARACTERS
        yield text[start:end]
        start = end
    yield text[start:]


@cache
def load_encoding(name: str) -> tiktoken.Encoding:
    """Encoding by its name in the settings, such as `tiktoken_gpt2`.

    Raises:
        ValueError: tiktoken knows no such encoding.
        OSError: it knows one, and cannot fetch it.

    """
    short = name.removeprefix(PREFIX)
    if short not in HELD:
        return tiktoken.get_encoding(short)
    packed = files(__package__).joinpath("r50k_base.tiktoken.gz").read_bytes()
    words = gzip.decompress(packed).split()
    ranks = dict(zip(map(a2b_base64, words[::2]), map(int, words[1::2]), strict=True))
    return tiktoken.Encoding(short, pat_str=r50k_pat_str, mergeable_ranks=ranks, special_tokens={})
