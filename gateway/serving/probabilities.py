"""From logits to probabilities, in double precision."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]
"""Between 0 and 1."""


def softmax(logits: NDArray[np.floating[Any]]) -> Probabilities:
    """Probabilities along the last axis, which sum to 1."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    probabilities: Probabilities = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def sigmoid(logits: NDArray[np.floating[Any]]) -> Probabilities:
    """Probabilities, each by itself."""
    probabilities: Probabilities = 0.5 + 0.5 * np.tanh(0.5 * logits.astype(np.float64))
    return probabilities
