import base64
import gzip
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files

import pytest

from gateway.serving.errors import OverloadedError
from gateway.serving.metering.tokens import (
    PIECE_CHARACTERS,
    TokenCounter,
    load_encoding,
    pieces,
)
from gateway.serving.threads import IN_PLACE_CHARACTERS, Threads

PUBLISHED = "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"
"""Digest that tiktoken expects of the published file of this encoding."""


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads("texts", threads=1, queue=0)
    yield made
    made.close()


def test_the_ranks_are_the_published_ones() -> None:
    packed = files("gateway.serving.metering").joinpath("r50k_base.tiktoken.gz").read_bytes()
    assert sha256(gzip.decompress(packed)).hexdigest() == PUBLISHED


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", []), ("Hello world", [15496, 995]), ("<|endoftext|>", [27, 91, 437, 1659, 5239, 91, 29])],
)
def test_gpt2(text: str, tokens: list[int]) -> None:
    encoding = load_encoding("tiktoken_gpt2")
    assert encoding.encode_ordinary(text) == tokens
    assert encoding.decode(tokens) == text


async def test_a_string_is_counted_as_a_whole_and_items_by_themselves(threads: Threads) -> None:
    counter = TokenCounter(load_encoding("tiktoken_gpt2"), threads)
    assert await counter.count(["Hello world", "Hello", ""]) == 3


async def test_long_texts_count_the_same_off_the_event_loop(threads: Threads) -> None:
    counter = TokenCounter(load_encoding("tiktoken_gpt2"), threads)
    text = "oars " * IN_PLACE_CHARACTERS
    assert await counter.count([text]) == counter.count_now([text]) > IN_PLACE_CHARACTERS


async def test_long_texts_beyond_the_bound_are_refused(threads: Threads) -> None:
    counter = TokenCounter(load_encoding("tiktoken_gpt2"), threads)
    with threads.admit(), pytest.raises(OverloadedError):
        await counter.count(["x" * (IN_PLACE_CHARACTERS + 1)])


def test_ranks_are_those_of_single_bytes_first() -> None:
    assert load_encoding("tiktoken_r50k_base").decode_single_token_bytes(0) == base64.b64decode("IQ==")


def test_a_long_text_in_pieces_has_the_tokens_of_the_whole() -> None:
    encoding = load_encoding("tiktoken_gpt2")
    text = "Three rows  of oars,\n and a sail. " * 6000
    cut = list(pieces(text))
    assert "".join(cut) == text
    assert len(cut) > 1
    assert sum(len(encoding.encode_ordinary(piece)) for piece in cut) == len(encoding.encode_ordinary(text))


@pytest.mark.parametrize("character", [" ", "a", "\n"])
async def test_megabytes_without_a_word_are_counted(threads: Threads, character: str) -> None:
    counter = TokenCounter(load_encoding("tiktoken_gpt2"), threads)
    assert await counter.count([character * (20 * PIECE_CHARACTERS)]) > 20
