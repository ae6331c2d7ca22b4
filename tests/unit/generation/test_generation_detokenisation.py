"""Pieces of text add up to the whole, and stop texts are cut out exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from gateway.serving.generation.detokenisation import TextStream


def train() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=alphabet, special_tokens=["</s>"], show_progress=False
    )
    tokenizer.train_from_iterator(["the ferry leaves at seven and returns with the tide"], trainer)
    return tokenizer


TOKENIZER = train()
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\N{REPLACEMENT CHARACTER}"))


def pieces(text: str, prompt: str = "", stop: tuple[str, ...] = ()) -> tuple[list[str], bool]:
    """What a stream makes of a text that comes token by token."""
    stream = TextStream(TOKENIZER, TOKENIZER.encode(prompt).ids, stop)
    found = []
    for token in TOKENIZER.encode(text).ids:
        piece, stopped = stream.feed([token], final=False)
        found.append(piece)
        if stopped:
            return found, True
    piece, stopped = stream.feed([], final=True)
    return [*found, piece], stopped


@given(TEXT, TEXT)
def test_pieces_add_up_to_the_text_behind_any_prompt(prompt: str, text: str) -> None:
    found, stopped = pieces(text, prompt)
    assert "".join(found) == text
    assert not stopped


def test_a_character_of_several_tokens_comes_whole() -> None:
    found, _ = pieces("a 🚢 b")
    assert "🚢" in found
    assert not any("\N{REPLACEMENT CHARACTER}" in piece for piece in found)


@given(TEXT, TEXT, st.lists(st.text("ab\n", min_size=1, max_size=4), min_size=1, max_size=3))
def test_nothing_of_a_stop_text_comes(before: str, behind: str, stop: list[str]) -> None:
    text = before + stop[0] + behind
    found, stopped = pieces(text, stop=tuple(stop))
    shown = "".join(found)
    assert stopped
    assert text.startswith(shown)
    assert not any(each in shown for each in stop)
    assert text[len(shown) :].startswith(
        tuple(stop)
    )  # the one that was complete first, where several overlap


def test_what_looks_like_a_stop_text_comes_when_it_turns_out_to_be_none() -> None:
    found, stopped = pieces("a\n\nb\n", stop=("\n\n\n",))
    assert "".join(found) == "a\n\nb\n"
    assert not stopped


@pytest.mark.parametrize("tokens", [[0], [0, 0]])
def test_special_tokens_are_no_text(tokens: list[int]) -> None:
    assert TextStream(TOKENIZER, []).feed(tokens, final=True) == ("", False)


def test_an_unfinished_character_comes_at_the_end() -> None:
    first = TOKENIZER.encode("🚢").ids[:1]
    stream = TextStream(TOKENIZER, [])
    assert stream.feed(first, final=False) == ("", False)
    assert stream.feed([], final=True) == ("\N{REPLACEMENT CHARACTER}", False)
