"""Embedding: one text in, one vector out, pooled inside the graph."""

from pathlib import Path

import safetensors.torch
import torch
from transformers import AutoModel

from converters.families.family import GRAPH_STAGES, Description
from converters.families.loading import load_original
from converters.inspection.matryoshka import read_matryoshka
from converters.inspection.pipeline import Activation, Dense, Pipeline, read_pipeline
from converters.inspection.text import with_text
from converters.results import Inspected, Part
from converters.spec import ConversionError
from model_repository.heads import EmbeddingHead, Pooling
from model_repository.manifest import Task

HIDDEN = "last_hidden_state"
EMBEDDING = "sentence_embedding"

_ACTIVATIONS = {Activation.TANH: torch.nn.Tanh, Activation.IDENTITY: torch.nn.Identity}


class PooledEncoder(torch.nn.Module):  # type: ignore[misc]  # torch is not analysed
    """An encoder with its pooling: one vector a text leaves the graph instead of one a token.

    Inputs are int64 `[batch, length]`; outputs are `last_hidden_state` `[batch, length, width]` and
    `sentence_embedding` `[batch, dimensions]`.
    """

    def __init__(self, encoder: torch.nn.Module, pipeline: Pipeline, dense: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.config = encoder.config  # the exporter reads it
        self.pooling = pipeline.pooling
        self.dense = dense
        self.normalise = pipeline.normalise

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Encode and pool."""
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        encoded = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **types)
        hidden = encoded.last_hidden_state
        return {
            HIDDEN: hidden,
            EMBEDDING: self.finish(_pool(hidden, attention_mask.unsqueeze(-1), self.pooling)),
        }

    def finish(self, pooled: torch.Tensor) -> torch.Tensor:
        """What the pipeline does to a pooled vector `[batch, width]`."""
        vectors = self.dense(pooled)
        return torch.nn.functional.normalize(vectors, dim=1) if self.normalise else vectors


def _pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: Pooling) -> torch.Tensor:
    match pooling:
        case Pooling.CLS:
            return hidden[:, 0]
        case Pooling.MAX:
            return hidden.masked_fill(mask == 0, torch.finfo(hidden.dtype).min).amax(1)
        case Pooling.MEAN:
            weights = mask.to(hidden.dtype)
            return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)


class EmbeddingFamily:
    """Text encoders, with a sentence-transformers pipeline or plain; a plain one is pooled by the mean."""

    name = "embedding"
    stages = GRAPH_STAGES
    tasks = frozenset({Task.EMBEDDING})

    def claims(self, model: Description) -> bool:
        """Models with a pipeline, plain encoders with or without a pre-training head, and what is asked."""
        plain = model.architecture.endswith(("Model", "ForMaskedLM")) and "LMHead" not in model.architecture
        reads_text = hasattr(model.config, "vocab_size") and not model.config.is_encoder_decoder
        return reads_text and (model.pipeline is not None or plain or bool(model.asked))

    def inspect(self, model: Description, folder: Path) -> tuple[Part, ...]:
        """One part, pooled as the pipeline says."""
        pipeline = model.pipeline or Pipeline()
        width = model.config.hidden_size
        for layer in pipeline.dense:
            if layer.in_features != width:
                raise ConversionError(
                    f"the pipeline's dense layer takes {layer.in_features} numbers, and gets {width}",
                    hint="Check that modules.json and the folders of its steps belong together.",
                )
            width = layer.out_features
        head = EmbeddingHead(
            output=EMBEDDING,
            dimensions=width,
            pooling=pipeline.pooling,
            normalise=pipeline.normalise,
            matryoshka=read_matryoshka(model.config.to_dict(), width),
        )
        part = with_text(
            Part(tasks=(Task.EMBEDDING,), head=head),
            model.root,
            model.config,
            folder,
            max_length=pipeline.max_length,
            lowercase=pipeline.lowercase,
        )
        return (part,)

    def load(self, source: Path, facts: Inspected, _part: Part) -> PooledEncoder:
        """The encoder and the layers of its pipeline."""
        # Sentence models are saved without BERT's pooler, which nothing here reads.
        encoder = load_original(AutoModel, source / facts.root, spare=lambda name: name.startswith("pooler."))
        pipeline = read_pipeline(source) or Pipeline()
        dense = torch.nn.Sequential(*(_dense(source, layer) for layer in pipeline.dense))
        model = PooledEncoder(encoder, pipeline, dense)
        model.eval()
        return model


def _dense(source: Path, layer: Dense) -> torch.nn.Module:
    linear = torch.nn.Linear(layer.in_features, layer.out_features, bias=layer.bias)
    weights = safetensors.torch.load_file(source / layer.path / "model.safetensors")
    try:
        linear.load_state_dict(
            {name.removeprefix("linear."): tensor.float() for name, tensor in weights.items()}
        )
    except RuntimeError as error:
        raise ConversionError(
            f"the weights in {layer.path} are not those of its dense layer",
            hint="Check that its config.json and the weights belong together.",
        ) from error
    return torch.nn.Sequential(linear, _ACTIVATIONS[layer.activation]())
