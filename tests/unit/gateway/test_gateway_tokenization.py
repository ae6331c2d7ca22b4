"""Cutting long text early gives the tokens that the whole text would have given."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from gateway.serving.encoders import Encoder, WindowEncoder
from gateway.serving.errors import OverloadedError, TokenizerFailedError, TokenizerUnavailableError
from gateway.serving.threads import IN_PLACE_CHARACTERS
from gateway.serving.tokenization import Tokenizers, slices
from model_repository.heads import EmbeddingHead, Pooling
from model_repository.manifest import (
    Engine,
    EngineSpec,
    Manifest,
    Precision,
    SourceRecord,
    Task,
    TokenizerSpec,
)
from model_repository.parity import ParityReport, ParityThresholds

LIMIT = 8
LONG = ["a " * IN_PLACE_CHARACTERS]
SPEC = TokenizerSpec(path="tokenizer.json", max_length=LIMIT, pad_id=0, pad_token="[PAD]")


def word_piece() -> Tokenizer:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "##a", "##b", "ab", "##ab"]
    built = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    built.normalizer = normalizers.BertNormalizer()
    built.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    built.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return built


def byte_pairs() -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {symbol: i for i, symbol in enumerate([*alphabet, "ab", "abab"])}
    built = Tokenizer(models.BPE(vocabulary, [("a", "b"), ("ab", "ab")]))
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    built.decoder = decoders.ByteLevel()
    return built


def manifest(version: int = 1) -> Manifest:
    return Manifest(
        owner="global",
        name="m",
        version=version,
        tasks=(Task.EMBEDDING,),
        source=SourceRecord(uri="file:m", digest="", architecture=""),
        engine=EngineSpec(engine=Engine.ONNXRUNTIME, precision=Precision.FP32),
        inputs=(),
        outputs=(),
        max_batch_size=8,
        tokenizer=SPEC,
        head=EmbeddingHead(output="o", dimensions=4, pooling=Pooling.MEAN, normalise=False),
        parity=ParityReport(passed=True, thresholds=ParityThresholds(max_abs_diff=0, min_cosine=1), cases=()),
        candidates=(),
        tools={},
        created_at="",
    )


@pytest.mark.parametrize("make", [word_piece, byte_pairs])
@given(
    text=st.lists(
        st.sampled_from(["a", "b", "ab", "abab", " ", "  ", "\n", "\u4e2d", "." * 50]), max_size=900
    )
)
def test_early_cut_changes_nothing(make: type[Tokenizer], text: list[str]) -> None:
    tokenizer = make()
    joined = "".join(text)
    encoder = Encoder(tokenizer.to_str().encode(), SPEC)
    tokenizer.enable_truncation(LIMIT)
    assert [each.ids for each in encoder.encode([joined, "a"])] == [
        tokenizer.encode(joined).ids,
        tokenizer.encode("a").ids,
    ]


@pytest.mark.parametrize("lowercase", [True, False])
@given(
    text=st.lists(st.characters(max_codepoint=0x17F) | st.sampled_from(["Ab", "[MASK]", "[mask]"])).map(
        "".join
    )
)
def test_plain_texts_have_the_tokens_of_the_whole_normaliser(lowercase: bool, text: str) -> None:
    tokenizer = word_piece()
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    letters = [chr(code) for code in range(33, 127)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{each}" for each in letters)]
    tokenizer.model = models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]")
    tokenizer.add_special_tokens(["[MASK]"])
    encoder = Encoder(tokenizer.to_str().encode(), SPEC)
    tokenizer.enable_truncation(LIMIT)
    assert [each.ids for each in encoder.encode([text])] == [tokenizer.encode(text).ids]


@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=30))
def test_slices_are_bounded_and_keep_order(sizes: list[int]) -> None:
    texts = ["x" * size for size in sizes]
    parts = list(slices(texts))
    assert [text for part in parts for text in part] == texts
    assert all(len(part) == 1 or sum(map(len, part)) <= 65_536 for part in parts)


def panicking() -> Tokenizer:
    built = word_piece()
    built.pre_tokenizer = pre_tokenizers.Split(Regex("(a+a+)+b"), "isolated")
    return built


def unknowing() -> Tokenizer:
    return Tokenizer(models.WordPiece({"a": 0}, unk_token="[UNK]"))


@pytest.mark.parametrize(
    ("make", "text", "cause"),
    [(panicking, "a" * 100, "retry-limit-in-match"), (unknowing, "b", "Missing")],
)
def test_failures_of_a_tokenizer_are_told(make: Callable[[], Tokenizer], text: str, cause: str) -> None:
    data = make().to_str().encode()
    limit = replace(SPEC, max_length=64)
    for encoder in (Encoder(data, limit), WindowEncoder(data, limit, pairs=False)):
        assert encoder.encode(["a"])
        with pytest.raises(TokenizerFailedError, match=f"the model's tokenizer fails: .*{cause}"):
            encoder.encode([text])


async def test_full_queue_refuses_at_once() -> None:
    tokenizers = Tokenizers(threads=1, queue=1)
    described = manifest()
    await tokenizers.load(described, word_piece().to_str().encode())
    held = threading.Event()
    blocker = asyncio.get_running_loop().run_in_executor(tokenizers.threads.pool, held.wait)
    waiting = [asyncio.create_task(tokenizers.encode(described, LONG)) for _ in range(2)]
    await asyncio.sleep(0)
    try:
        with pytest.raises(OverloadedError):
            await tokenizers.encode(described, LONG)
    finally:
        held.set()  # the interpreter does not end before its threads
    await blocker
    assert await asyncio.gather(*waiting) == [[[2, *[4] * 6, 3]]] * 2
    tokenizers.close()


async def test_versions_come_and_go() -> None:
    tokenizers = Tokenizers(threads=1, queue=1)
    old, new = manifest(1), manifest(2)
    for each in (old, new):
        await tokenizers.load(each, word_piece().to_str().encode())
    tokenizers.retain({new.entry})
    assert await tokenizers.encode(new, ["ab"]) == [[2, 8, 3]]
    with pytest.raises(TokenizerUnavailableError):
        await tokenizers.encode(old, ["ab"])
    tokenizers.close()
