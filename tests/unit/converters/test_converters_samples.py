"""Batches of tokens, and the tokenizer as it is stored."""

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from converters.inspection.tokenizer import write_tokenizer
from converters.parity import cases
from converters.results import Inspected
from converters.samples import MEAN_TOKENS, SENTENCES, Sampler
from converters.spec import ConversionError
from model_repository.manifest import Pooling, Task

FACTS = Inspected(
    root="",
    task=Task.EMBEDDING,
    architecture="BertModel",
    max_length=128,
    pad_id=0,
    pad_token="[PAD]",
    type_ids=False,
    dimensions=4,
    pooling=Pooling.MEAN,
    normalise=False,
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
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_truncation(5)
    tokenizer.enable_padding(length=5)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(
        '{"pad_token": {"content": "[PAD]"}, "model_max_length": 64}'
    )
    return tmp_path


@pytest.fixture
def sampler(source: Path) -> Sampler:
    write_tokenizer(source, source / "written.json", lowercase=False, pad_id=None)
    return Sampler(source / "written.json", FACTS)


def test_the_stored_tokenizer_neither_cuts_nor_pads(source: Path) -> None:
    facts = write_tokenizer(source, source / "written.json", lowercase=False, pad_id=None)
    assert (facts.pad_id, facts.pad_token, facts.max_length, facts.type_ids) == (0, "[PAD]", 64, False)
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


def test_parity_batches_cover_all_shapes_with_padding(sampler: Sampler) -> None:
    shapes = []
    for inputs in cases(sampler, 128):
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        shapes.append(ids.shape)
        assert (ids[mask == 0] == 0).all()
        assert mask[0].all()
        assert len(mask) == 1 or mask.shape[1] == 1 or not mask[-1].all()
        if mask.shape[1] > 7:
            assert (ids[:, 0] == 2).all()
            assert (ids[0, -1], ids[-1, mask[-1].sum() - 1]) == (3, 3)
    assert shapes == [(rows, length) for length in (1, 7, 32, 128) for rows in (1, 3, 8)]


def test_batches_beyond_any_memory_are_left_out(sampler: Sampler) -> None:
    shapes = [inputs["input_ids"].shape for inputs in cases(sampler, 32_768)]
    assert shapes[-1] == (1, 32_768)
    assert (3, 32_768) not in shapes


def test_a_short_limit_bounds_every_length(sampler: Sampler) -> None:
    assert {inputs["input_ids"].shape[1] for inputs in cases(sampler, 16)} == {1, 7, 16}


def test_traffic_has_natural_lengths_in_sorted_packs(sampler: Sampler) -> None:
    packs = sampler.traffic(256, 16)
    lengths = np.concatenate([pack["attention_mask"].sum(1) for pack in packs])
    assert len(packs) == 16
    assert (np.diff(lengths) >= 0).all()
    assert abs(lengths.mean() - MEAN_TOKENS) < 4
    assert lengths.max() > 2 * np.median(lengths)
