"""Encoders that read several texts one behind the other: what the original computes, without any padding.

A packed graph has its inputs in rows of equal width, each of which holds as many whole texts as fit. They are
int64 `[rows, width]`: `input_ids`, and `token_type_ids` where the original reads them; `position_ids`, from 0
in each text; `segments`, which text a token is of, from 1 on, with 0 where nothing stands. `first_tokens`
`[texts]` tells where each text begins, counted over all rows. Tokens attend to those of their own text alone.
Outputs with one row a text have that here too; those with one row a token have `[rows, width, ...]`.
"""

import inspect
from abc import ABC, abstractmethod
from typing import Any

import torch
from transformers import DebertaModel, DebertaV2Model
from transformers.modeling_outputs import BaseModelOutputWithPooling

from converters.comparison import by_token
from converters.families.embedding import EMBEDDING, HIDDEN, PooledEncoder
from converters.families.text import TextModel
from model_repository.heads import Head, Pooling

Tensors = dict[str, torch.Tensor]

DISENTANGLED = (DebertaModel, DebertaV2Model)
"""They take masks of ones and zeros, and positions only as distances, which packing does not change."""


def packed(model: torch.nn.Module, head: Head) -> "PackedModel | None":
    """The packed counterpart of a family's model, which it uses up; None where none can be made."""
    match model:
        case PooledEncoder(encoder=encoder) if model.pooling is not Pooling.MAX and _takes_positions(encoder):
            return PackedEncoder(model)
        case TextModel(model=original) if _takes_positions(original.base_model):
            return PackedText(model, by_token=all(by_token(head, name) for name in model.outputs))
        case _:
            return None


def _takes_positions(encoder: torch.nn.Module) -> bool:
    return "position_ids" in inspect.signature(encoder.forward).parameters


class PackedModel(torch.nn.Module, ABC):  # type: ignore[misc]  # torch is not analysed
    """What all of them have in common."""

    def __init__(self, model: torch.nn.Module, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.model = model
        self.encoder = encoder
        self.config = model.config  # the exporter reads it
        padding = getattr(getattr(encoder, "embeddings", None), "padding_idx", None)
        self.first_position = 0 if padding is None else padding + 1  # as RoBERTa and its kin count
        self.additive = not isinstance(encoder, DISENTANGLED)
        if not self.additive:
            encoder.embeddings = _Unmasked(encoder.embeddings)

    def forward(
        self,
        input_ids: torch.Tensor,
        position_ids: torch.Tensor,
        segments: torch.Tensor,
        first_tokens: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> Tensors:
        """The outputs of the original."""
        own = segments.unsqueeze(2) == segments.unsqueeze(1)
        inputs = {
            "input_ids": input_ids,
            "attention_mask": self._mask(own).unsqueeze(1),
            "position_ids": position_ids + self.first_position,
        }
        if token_type_ids is not None:
            inputs["token_type_ids"] = token_type_ids
        return self.answer(inputs, segments, first_tokens)

    def _mask(self, own: torch.Tensor) -> torch.Tensor:
        """What `[rows, 1, width, width]` the encoder's attention takes as it is."""
        return torch.where(own, 0.0, torch.finfo(torch.float32).min) if self.additive else own

    @abstractmethod
    def answer(self, inputs: Tensors, segments: torch.Tensor, first_tokens: torch.Tensor) -> Tensors:
        """What the original makes of these arguments."""


class PackedEncoder(PackedModel):
    """An encoder with its pooling."""

    def __init__(self, model: PooledEncoder) -> None:
        super().__init__(model, model.encoder)

    def answer(self, inputs: Tensors, segments: torch.Tensor, first_tokens: torch.Tensor) -> Tensors:
        """Encode and pool."""
        hidden = self.encoder(**inputs).last_hidden_state
        tokens = hidden.flatten(0, 1)
        if self.model.pooling is Pooling.CLS:
            pooled = tokens[first_tokens]
        else:
            texts = segments.flatten()[first_tokens].unsqueeze(1)
            members = (segments.flatten().unsqueeze(0) == texts).to(hidden.dtype)
            pooled = members @ tokens / members.sum(1, keepdim=True)
        return {HIDDEN: hidden, EMBEDDING: self.model.finish(pooled)}


class PackedText(PackedModel):
    """A model with a head of transformers, which reads each token or the first one of each text."""

    def __init__(self, model: TextModel, *, by_token: bool) -> None:
        original = model.model
        super().__init__(model, original.base_model)
        self.by_token = by_token
        if not by_token:
            setattr(original, original.base_model_prefix, _Encoded(self.encoder))

    def answer(self, inputs: Tensors, segments: torch.Tensor, first_tokens: torch.Tensor) -> Tensors:
        """The chosen outputs."""
        if not self.by_token:
            hidden = self.encoder(**inputs).last_hidden_state
            inputs = {"inputs_embeds": hidden.flatten(0, 1)[first_tokens].unsqueeze(1)}
        answer = self.model.model(**inputs)
        return {name: answer[name] for name in self.model.outputs}


class _Unmasked(torch.nn.Module):  # type: ignore[misc]  # torch is not analysed
    """DeBERTa's embeddings, which would be multiplied by the mask of attention to clear what pads."""

    def __init__(self, embeddings: torch.nn.Module) -> None:
        super().__init__()
        self.embeddings = embeddings

    def forward(self, *, mask: torch.Tensor, **inputs: Any) -> Any:
        return self.embeddings(**inputs)


class _Encoded(torch.nn.Module):  # type: ignore[misc]  # torch is not analysed
    """Stands before a head in place of its encoder, and passes on what that has made: `[texts, 1, width]`."""

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.pooler = getattr(encoder, "pooler", None)

    def forward(self, *_args: Any, inputs_embeds: torch.Tensor, **_options: Any) -> Any:
        pooled = None if self.pooler is None else self.pooler(inputs_embeds)
        return BaseModelOutputWithPooling(last_hidden_state=inputs_embeds, pooler_output=pooled)
