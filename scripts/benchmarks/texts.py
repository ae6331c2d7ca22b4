"""Texts of a chosen number of tokens, always the same."""

import random

WORDS = ["oars", "sea", "bread", "stone", "light", "iron", "rope", "war", "wind", "men", "work", "home"]
"""Each is one token for a BERT vocabulary."""


def of_length(rng: random.Random, tokens: int) -> str:
    """A text of about this many tokens, the two special ones included."""
    return " ".join(rng.choices(WORDS, k=max(1, tokens - 2)))


def fixed(rng: random.Random, count: int, tokens: int = 32) -> list[str]:
    return [of_length(rng, tokens) for _ in range(count)]


def natural(rng: random.Random, count: int) -> list[str]:
    """Log-normal lengths with a mean of about 32 tokens, as short real texts have."""
    return [of_length(rng, min(256, int(rng.lognormvariate(3.2, 0.7)))) for _ in range(count)]
