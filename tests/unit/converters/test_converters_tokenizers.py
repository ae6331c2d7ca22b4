"""Tokenizers of strangers: what is wrong in their files is told, and what makes much of little is refused."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, processors

from converters.inspection import growth
from converters.inspection.tokenizer import write_tokenizer
from converters.spec import ConversionError

UNK = "[UNK]"
WORDS = {"[PAD]": 0, UNK: 1, "a": 2}


def tokenizer(**parts: Any) -> Tokenizer:
    made = Tokenizer(models.WordLevel(parts.pop("words", WORDS), unk_token=UNK))
    for name, part in parts.items():
        setattr(made, name, part)
    return made


def charsmap(longest: int) -> str:
    """A table as SentencePiece's trainer makes them, with one text; its tree is empty."""
    return b64encode((4).to_bytes(4, "little") + bytes(4) + b"x" * longest + b"\0").decode()


def given(folder: Path, made: Tokenizer, **changes: object) -> Path:
    content = json.loads(made.to_str()) | changes
    (folder / "tokenizer.json").write_text(json.dumps(content))
    (folder / "tokenizer_config.json").write_text(json.dumps({"pad_token": "[PAD]"}))
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(ConversionError) as caught:
        write_tokenizer(folder, folder / "written.json", lowercase=False, pad_id=None)
    assert caught.value.hint
    return caught.value.message


def doubling(steps: int) -> normalizers.Normalizer:
    return normalizers.Sequence([normalizers.Replace("\u2620", "\u2620\u2620")] * steps)


@pytest.mark.parametrize(
    ("normalizer", "characters"),
    [
        (doubling(30), 2**30),
        (normalizers.Replace("a", "b" * 257), 257),
        (normalizers.Replace("aa", "b" * 1000), 500),
        (normalizers.Replace("", "b" * 256), 257),
        (normalizers.Replace(Regex("(?=a)"), "b" * 256), 257),
        (normalizers.Prepend("b" * 256), 257),
        (normalizers.Sequence([normalizers.Sequence([doubling(5)]), doubling(4)]), 512),
    ],
)
def test_normalizers_that_make_much_of_little(
    tmp_path: Path, normalizer: normalizers.Normalizer, characters: int
) -> None:
    cause = refusal(given(tmp_path, tokenizer(normalizer=normalizer)))
    assert f"the normalizer can make {characters} characters of one" in cause


def test_a_table_with_a_long_text(tmp_path: Path) -> None:
    content = {"type": "Precompiled", "precompiled_charsmap": charsmap(257)}
    assert growth._growth(content) == 257
    assert growth._growth(content | {"precompiled_charsmap": charsmap(18)}) == 18


def test_decoders_likewise(tmp_path: Path) -> None:
    decoder = decoders.Sequence([decoders.Replace("a", "aa")] * 9)
    assert "the decoder can make 512 characters" in refusal(given(tmp_path, tokenizer(decoder=decoder)))


def test_many_special_tokens_around_a_text(tmp_path: Path) -> None:
    frame = processors.TemplateProcessing(single=f"{UNK} " * 65 + "$A", special_tokens=[(UNK, 1)])
    assert "adds 65 special tokens" in refusal(given(tmp_path, tokenizer(post_processor=frame)))


def test_a_token_as_long_as_a_book(tmp_path: Path) -> None:
    words = WORDS | {"b" * 4097: 3}
    assert "a token has 4097 characters" in refusal(given(tmp_path, tokenizer(words=words)))


def test_a_huge_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = given(tmp_path, tokenizer())
    size = (folder / "tokenizer.json").stat().st_size
    monkeypatch.setattr(growth, "LARGEST_FILE", size - 1)
    assert refusal(folder) == f"tokenizer.json has {size} bytes, more than {size - 1}"


def test_what_known_tokenizers_do_is_taken(tmp_path: Path) -> None:
    steps = [
        normalizers.Replace("``", '"'),
        normalizers.NFKD(),
        normalizers.StripAccents(),
        normalizers.Prepend("\u2581"),
        normalizers.Replace(" ", "\u2581"),
        normalizers.Replace(Regex(" {2,}"), " "),
    ]
    folder = given(tmp_path, tokenizer(normalizer=normalizers.Sequence(steps)))
    facts = write_tokenizer(folder, folder / "written.json", lowercase=False, pad_id=None)
    assert facts.pad_id == 0


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"pad_token": 1}, "$.pad_token"),
        ({"pad_token": ["x"]}, "$.pad_token"),
        ({"pad_token": {}}, "$.pad_token"),
        ({"model_max_length": "512"}, "$.model_max_length"),
        ({"model_max_length": -1}, "$.model_max_length"),
        ({"model_max_length": {}}, "$.model_max_length"),
    ],
)
def test_fields_that_are_not_what_they_should_be(
    tmp_path: Path, config: dict[str, object], place: str
) -> None:
    given(tmp_path, tokenizer())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    cause = refusal(tmp_path)
    assert cause.startswith("tokenizer_config.json is damaged")
    assert place in cause


def test_a_limit_that_means_none(tmp_path: Path) -> None:
    given(tmp_path, tokenizer())
    config = {"pad_token": {"content": "[PAD]", "lstrip": False}, "model_max_length": 10**30}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    facts = write_tokenizer(tmp_path, tmp_path / "written.json", lowercase=False, pad_id=None)
    assert (facts.pad_token, facts.max_length) == ("[PAD]", None)


def test_a_file_nested_without_end(tmp_path: Path) -> None:
    given(tmp_path, tokenizer())
    (tmp_path / "tokenizer_config.json").write_text('{"a":' * 100_000)
    assert refusal(tmp_path).startswith("tokenizer_config.json is damaged")
