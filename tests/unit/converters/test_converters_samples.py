"""Batches of tokens, and the tokenizer as it is stored."""

import json
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from converters.inspection.tokenizer import write_tokenizer
from converters.results import Part
from converters.samples.images import ImageSampler
from converters.samples.sentences import SENTENCES
from converters.samples.text import MEAN_TOKENS, TextSampler
from converters.spec import ConversionError
from model_repository.heads import EmbeddingHead, ImageSpec, Pooling, SpanHead
from model_repository.manifest import Task, TokenizerSpec

HEAD = EmbeddingHead(output="vector", dimensions=4, pooling=Pooling.MEAN, normalise=False)
PLAIN = Part(tasks=(Task.EMBEDDING,), head=HEAD, inputs=("input_ids", "attention_mask"))
PAIRS = Part(
    tasks=(Task.QUESTION_ANSWERING,),
    head=SpanHead(start="start", end="end"),
    inputs=("input_ids", "attention_mask", "token_type_ids"),
    shortest=5,
)
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A model folder with a tokenizer that cuts and pads by itself, as many published ones do."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    texts = [*SENTENCES, "UPPER upper"]
    tokenizer.train_from_iterator(
        texts, trainers.WordLevelTrainer(special_tokens=SPECIAL, show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer.enable_truncation(5)
    tokenizer.enable_padding(length=5)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(
        '{"pad_token": {"content": "[PAD]"}, "model_max_length": 64}'
    )
    return tmp_path


def sampler_for(source: Path, part: Part, max_length: int = 128) -> TextSampler:
    write_tokenizer(source, source / "written.json", lowercase=False, pad_id=None)
    spec = TokenizerSpec(path="tokenizer.json", max_length=max_length, pad_id=0, pad_token="[PAD]")
    return TextSampler(part, spec, source / "written.json")


@pytest.fixture
def sampler(source: Path) -> TextSampler:
    return sampler_for(source, PLAIN)


def test_the_stored_tokenizer_neither_cuts_nor_pads(source: Path) -> None:
    facts = write_tokenizer(source, source / "written.json", lowercase=False, pad_id=None)
    assert (facts.pad_id, facts.pad_token, facts.max_length) == (0, "[PAD]", 64)
    written = Tokenizer.from_file(str(source / "written.json"))
    assert len(written.encode("a " * 20).ids) == 22
    assert len(written.encode("a").ids) == 3


def test_a_pipeline_that_lowers_the_text_is_kept(source: Path) -> None:
    write_tokenizer(source, source / "written.json", lowercase=True, pad_id=None)
    written = Tokenizer.from_file(str(source / "written.json"))
    assert written.encode("UPPER").ids == written.encode("upper").ids


def test_the_models_padding_is_used_where_the_tokenizer_names_none(source: Path) -> None:
    (source / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 10**30}))
    facts = write_tokenizer(source, source / "written.json", lowercase=False, pad_id=1)
    assert (facts.pad_id, facts.pad_token, facts.max_length) == (1, "[UNK]", None)
    with pytest.raises(ConversionError, match="no padding token"):
        write_tokenizer(source, source / "written.json", lowercase=False, pad_id=None)


def test_parity_batches_cover_all_shapes_with_padding(sampler: TextSampler) -> None:
    shapes = []
    for inputs in sampler.cases():
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        shapes.append(ids.shape)
        assert (ids[mask == 0] == 0).all()
        assert mask[0].all()
        assert len(mask) == 1 or mask.shape[1] == 1 or not mask[-1].all()
        if mask.shape[1] > 7:
            assert (ids[:, 0] == 2).all()
            assert (ids[0, -1], ids[-1, mask[-1].sum() - 1]) == (3, 3)
    assert shapes == [(rows, length) for length in (1, 7, 32, 128) for rows in (1, 3, 8)]


def test_batches_beyond_any_memory_are_left_out(source: Path) -> None:
    shapes = [inputs["input_ids"].shape for inputs in sampler_for(source, PLAIN, 32_768).cases()]
    assert shapes[-1] == (1, 32_768)
    assert (3, 32_768) not in shapes


def test_a_short_limit_bounds_every_length(source: Path) -> None:
    cases = sampler_for(source, PLAIN, 16).cases()
    assert {inputs["input_ids"].shape[1] for inputs in cases} == {1, 7, 16}


def test_pairs_have_both_texts_and_the_types_that_the_tokenizer_gives(source: Path) -> None:
    widths = set()
    for inputs in sampler_for(source, PAIRS).cases():
        ids, mask, types = (inputs[name] for name in PAIRS.inputs)
        widths.add(ids.shape[1])
        for row, width, kinds in zip(ids, mask.sum(1), types, strict=True):
            assert (row[:width] == 3).sum() == 2
            first = int(np.argmax(row == 3)) + 1
            assert 2 < first < width - 1
            assert (kinds[:first] == 0).all()
            assert (kinds[first:width] == 1).all()
    assert widths == {5, 7, 32, 128}


def test_pairs_are_split_at_different_shares(source: Path) -> None:
    inputs = sampler_for(source, PAIRS).probe(even=True)
    assert len({int(np.argmax(row == 3)) for row in inputs["input_ids"]}) == 3
    assert inputs["attention_mask"].all()


def test_a_model_that_looks_for_special_tokens_always_gets_them(source: Path) -> None:
    whole = sampler_for(source, replace(PLAIN, shortest=3))
    for inputs in whole.cases():
        assert ((inputs["input_ids"] == 3).sum(1) == 1).all()


def test_traffic_has_natural_lengths_in_sorted_packs(sampler: TextSampler) -> None:
    packs = sampler.traffic()
    lengths = np.concatenate([pack["attention_mask"].sum(1) for pack in packs])
    assert [len(pack["input_ids"]) for pack in packs] == [16] * 4
    assert (np.diff(lengths) >= 0).all()
    assert abs(lengths.mean() - MEAN_TOKENS) < 6
    assert lengths.max() > 2 * np.median(lengths)


def test_images_are_the_same_every_time_and_differ_within_a_batch() -> None:
    spec = ImageSpec(
        height=8,
        width=12,
        resize=12,
        keep_ratio=True,
        resample="bicubic",
        mean=(0.5, 0.4, 0.3),
        std=(0.2, 0.2, 0.5),
    )
    cases = list(ImageSampler(spec).cases())
    assert [one["pixel_values"].shape for one in cases] == [(rows, 3, 8, 12) for rows in (1, 3, 8)]
    images = cases[1]["pixel_values"]
    assert images.dtype == np.float32
    assert (images == ImageSampler(spec).batch(3)["pixel_values"]).all()
    assert np.abs(images[0] - images[1]).max() > 0.1
    back = images * np.reshape(spec.std, (3, 1, 1)) + np.reshape(spec.mean, (3, 1, 1))
    assert -1e-6 < back.min() < back.max() < 1 + 1e-6
