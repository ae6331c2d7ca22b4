"""Texts of a chosen number of tokens, always the same."""

import math
import random

WORDS = ["oars", "sea", "bread", "stone", "light", "iron", "rope", "war", "wind", "men", "work", "home"]
"""Each is one token for a BERT vocabulary."""

SPREAD = 0.7
"""Of the logarithms of the lengths."""


def of_length(rng: random.Random, tokens: int) -> str:
    """A text of about this many tokens, the two special ones included."""
    return " ".join(rng.choices(WORDS, k=max(1, tokens - 2)))


def fixed(rng: random.Random, count: int, tokens: int = 32) -> list[str]:
    return [of_length(rng, tokens) for _ in range(count)]


def natural(rng: random.Random, count: int, *, mean: int = 32) -> list[str]:
    """Log-normal lengths with about this mean, as real texts have, up to 256 tokens."""
    middle = math.log(mean) - SPREAD**2 / 2
    return [of_length(rng, min(256, int(rng.lognormvariate(middle, SPREAD)))) for _ in range(count)]
