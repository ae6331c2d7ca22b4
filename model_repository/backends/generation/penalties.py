"""OpenAI's presence and frequency penalties as a logits processor; transformers has none."""

import torch
from transformers import LogitsProcessor

from model_repository.generation import SamplingParameters


class Penalties(LogitsProcessor):  # type: ignore[misc]  # transformers is not analysed
    """Lowers the logits of tokens that come after the first so many of each row."""

    def __init__(self, parameters: SamplingParameters, first: int) -> None:
        self._presence = parameters.presence_penalty
        self._frequency = parameters.frequency_penalty
        self._first = first

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores of the next token, `[rows, vocabulary]`."""
        if not self._presence and not self._frequency:
            return scores
        written = input_ids[:, self._first :]
        counts = torch.zeros_like(scores).scatter_add_(
            1, written, torch.ones_like(written, dtype=scores.dtype)
        )
        return scores - self._presence * (counts > 0) - self._frequency * counts
