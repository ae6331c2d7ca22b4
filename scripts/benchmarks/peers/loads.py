"""Loads: how many callers, how many texts per request, for how long."""

import random
from dataclasses import dataclass

from scripts.benchmarks import texts

POOL = 4096
"""Texts of each length; a way that answers more of them begins again."""


@dataclass(frozen=True)
class Load:
    """Callers that each send their next request when the last one is answered, with so many texts in each."""

    name: str
    callers: int
    texts: int

    def requests(self, pool: list[str]) -> list[list[str]]:
        return [pool[start : start + self.texts] for start in range(0, len(pool), self.texts)]


ONE, MANY = Load("1 caller", 1, 1), Load("64 callers", 64, 1)
EIGHT_BATCHES = Load("8 callers, 64 texts each", 8, 64)
RERANKS = Load(ONE.name, 1, 8), Load(MANY.name, 64, 8)
"""Of one query and eight passages."""

MEAN_TOKENS = {"short": 10, "mixed": 32, "long": 160}
"""Log-normal lengths, cut at the model's 256 tokens."""


def pool(length: str) -> list[str]:
    """Texts of such lengths, always the same."""
    return texts.natural(random.Random(length), POOL, mean=MEAN_TOKENS[length])
