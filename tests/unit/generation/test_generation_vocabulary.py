"""Bytes of tokens: together they are the text, by every kind of decoder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from model_repository.vocabulary import Vocabulary

TEXT = "Größe: 3 €, naïve 東京 🌱"


def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["</s>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    tokenizer.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    return tokenizer


def byte_fallback() -> Tokenizer:
    vocabulary = {f"<0x{byte:02X}>": byte for byte in range(256)} | {"▁": 256, "a": 257, "▁a": 258}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("▁", "a")], byte_fallback=True))
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=False)
    return tokenizer


@pytest.mark.parametrize("make", [byte_level, byte_fallback])
def test_bytes_of_a_texts_tokens_are_the_text(make: object) -> None:
    tokenizer = make()
    vocabulary = Vocabulary(tokenizer)

    @given(st.text())
    def check(text: str) -> None:
        ids = tokenizer.encode(text).ids
        assert b"".join(map(vocabulary.bytes_of, ids)) == text.encode()

    check()


def test_special_tokens_and_strangers_add_nothing_and_added_words_themselves() -> None:
    tokenizer = byte_level()
    vocabulary = Vocabulary(tokenizer)
    assert vocabulary.bytes_of(tokenizer.token_to_id("</s>")) == b""
    assert vocabulary.bytes_of(100_000) == b""
    assert vocabulary.bytes_of(tokenizer.token_to_id("<tool_call>")) == b"<tool_call>"
