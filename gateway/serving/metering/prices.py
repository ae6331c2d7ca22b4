"""What tokens cost."""

from dataclasses import dataclass
from math import ceil

from control_plane.usage.records import LARGEST_BUDGET

MICRO = 1_000_000
"""Costs and budgets are kept to six decimals: whole numbers of millionths."""

MOST_TOKENS = 2**31
"""More than any call writes, although callers may ask for more before a model refuses that."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of a router for a million tokens each."""

    prompt: float = 0.0
    completion: float = 0.0

    def __bool__(self) -> bool:
        return self.prompt != 0 or self.completion != 0

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Cost of a call, rounded to six decimals; callers compute it again."""
        return round(self._exact(prompt_tokens, completion_tokens), 6)

    def reservation(self, prompt_tokens: int, completion_tokens: int) -> int:
        """Millionths that are never less than the cost of as many tokens, or as the largest budget."""
        most = self._exact(prompt_tokens, min(completion_tokens, MOST_TOKENS))
        return ceil(min(most, LARGEST_BUDGET) * MICRO)

    def _exact(self, prompt_tokens: int, completion_tokens: int) -> float:
        return prompt_tokens / 1e6 * self.prompt + completion_tokens / 1e6 * self.completion
