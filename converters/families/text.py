"""What text models with a head of transformers have in common: one part, one graph, named outputs."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import torch
from transformers import PretrainedConfig

from converters.families.family import GRAPH_STAGES, Description
from converters.families.loading import load_original
from converters.inspection.text import with_text
from converters.results import Inspected, Part
from model_repository.heads import Head
from model_repository.manifest import Task


class TextModel(torch.nn.Module):  # type: ignore[misc]  # torch is not analysed
    """A model whose outputs are chosen by name. Inputs are int64 `[batch, length]`."""

    def __init__(self, model: torch.nn.Module, outputs: tuple[str, ...]) -> None:
        super().__init__()
        self.model = model
        self.config = model.config  # the exporter reads it
        self.outputs = outputs

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """The chosen outputs."""
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        answer = self.model(input_ids=input_ids, attention_mask=attention_mask, **types)
        return {name: answer[name] for name in self.outputs}


class TextFamily(ABC):
    """A family of one architecture suffix, one task and one head.

    Attributes:
        suffix: what its architectures end with, such as `ForTokenClassification`.
        auto: class of transformers that loads them.
        outputs: what the graph gives, by the names of transformers.

    """

    stages = GRAPH_STAGES
    name: str
    tasks: frozenset[Task]
    suffix: str
    auto: Any
    outputs: tuple[str, ...] = ("logits",)

    def claims(self, model: Description) -> bool:
        """Architectures with the suffix."""
        return model.pipeline is None and model.architecture.endswith(self.suffix)

    def inspect(self, model: Description, folder: Path) -> tuple[Part, ...]:
        """One part with the family's head."""
        part = Part(tasks=tuple(self.tasks), head=self.head(model.config))
        # Encoder-decoders classify by what stands at the end of the text.
        whole = model.config.is_encoder_decoder
        return (with_text(part, model.root, model.config, folder, whole=whole),)

    def load(self, source: Path, facts: Inspected, _part: Part) -> TextModel:
        """The original with its own head."""
        original = load_original(self.auto, source / facts.root)
        original.config.use_cache = False
        model = TextModel(original, self.outputs)
        model.eval()
        return model

    @abstractmethod
    def head(self, config: PretrainedConfig) -> Head:
        """What the outputs mean.

        Raises:
            ConversionError: the configuration does not say.

        """
