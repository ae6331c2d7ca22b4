"""Embedding: one text in, one vector out, pooled inside the graph."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel

from converters.results import Inspected
from converters.spec import ConversionError
from converters.tensors import Tensors
from model_repository.heads import Pooling
from model_repository.manifest import ParityCase

HIDDEN = "last_hidden_state"
EMBEDDING = "sentence_embedding"


class PooledEncoder(torch.nn.Module):  # type: ignore[misc]  # torch is not analysed
    """An encoder with its pooling: one vector a text leaves the graph instead of one a token.

    Inputs are int64 `[batch, length]`; outputs are `last_hidden_state` `[batch, length, dimensions]` and
    `sentence_embedding` `[batch, dimensions]`.
    """

    def __init__(self, encoder: torch.nn.Module, facts: Inspected) -> None:
        super().__init__()
        self.encoder = encoder
        self.config = encoder.config  # the exporter reads it
        self.pooling = facts.pooling
        self.normalise = facts.normalise

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
        pooled = _pool(hidden, attention_mask.unsqueeze(-1), self.pooling)
        if self.normalise:
            pooled = torch.nn.functional.normalize(pooled, dim=1)
        return {HIDDEN: hidden, EMBEDDING: pooled}


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
    """Text encoders."""

    answer = EMBEDDING

    def claims(self, architecture: str, *, pipeline: bool) -> bool:
        """Models with a pipeline, and plain encoders with or without their pre-training head."""
        return pipeline or architecture.endswith(("Model", "ForMaskedLM"))

    def load(self, source: Path, facts: Inspected) -> PooledEncoder:
        """Load the encoder, refusing weights that do not fill it.

        Raises:
            ConversionError: weights are missing, which would leave random numbers in the model.

        """
        encoder, info = AutoModel.from_pretrained(
            source / facts.root, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
        # Sentence models are saved without BERT's pooler, which nothing here reads.
        missing = sorted(name for name in info["missing_keys"] if not name.startswith("pooler."))
        if missing:
            raise ConversionError(
                f"the weights lack {len(missing)} tensors of {facts.architecture}, such as {missing[0]}",
                hint="Check that config.json and the weights belong together.",
            )
        model = PooledEncoder(encoder, facts)
        model.eval()
        return model

    def compare(self, original: Tensors, converted: Tensors, inputs: Tensors) -> ParityCase:
        """Differences over the vectors and over the states of all tokens that are no padding.

        What is not finite fails by `finite`; the figures then cover the rest, so that they stay numbers.
        """
        mask = inputs["attention_mask"].astype(bool)
        pairs = [
            (original[EMBEDDING], converted[EMBEDDING]),
            (original[HIDDEN][mask], converted[HIDDEN][mask]),
        ]
        finite = all(bool(np.isfinite(right).all()) for _, right in pairs)
        differences = [np.abs(left - np.nan_to_num(right)).max() for left, right in pairs]
        return ParityCase(
            batch=mask.shape[0],
            length=mask.shape[1],
            max_abs_diff=float(max(differences)),
            min_cosine=min_cosine(original[EMBEDDING], np.nan_to_num(converted[EMBEDDING])),
            finite=finite,
        )


def min_cosine(left: NDArray[np.generic], right: NDArray[np.generic]) -> float:
    """Smallest cosine over the rows, in double precision; 0 for a row without direction."""
    a, b = left.astype(np.float64), right.astype(np.float64)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    products = (a * b).sum(1)
    return float(np.divide(products, norms, out=np.zeros_like(products), where=norms > 0).min())
