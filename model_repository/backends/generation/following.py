"""Constrains transformers' generation loop to a JSON schema, by llguidance."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from llguidance import LLMatcher, LLTokenizer
from transformers import LogitsProcessor


class SchemaError(Exception):
    """No answer can be made to follow a schema."""


class Schemas:
    """Makes grammars of schemas for one vocabulary.

    Args:
        tokenizer: the model's `tokenizer.json`.
        vocabulary: tokens that the model has logits for.
        ends: tokens that end an answer.

    """

    def __init__(self, tokenizer: Path, vocabulary: int, ends: Sequence[int]) -> None:
        self._vocabulary = vocabulary
        self._tokenizer = LLTokenizer(str(tokenizer), vocabulary, list(ends))

    def processor(self, schema: str, rows: int, first: int) -> "Following":
        """What keeps each of so many rows, from its token `first` on, to a schema.

        Raises:
            SchemaError: the schema is wrong, or says what the grammars have no words for.

        """
        grammar = LLMatcher.grammar_from_json_schema(schema)
        matcher = LLMatcher(self._tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise SchemaError(f"the JSON schema cannot be followed: {matcher.get_error()}")
        return Following([matcher.deep_copy() for _ in range(rows)], self._vocabulary, first)


class Following(LogitsProcessor):  # type: ignore[misc]  # transformers is not analysed
    """Leaves each row the tokens only that its matcher allows next."""

    def __init__(self, matchers: Sequence[LLMatcher], vocabulary: int, first: int) -> None:
        self._matchers = matchers
        self._vocabulary = vocabulary
        self._first = first

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores of the next token, `[rows, vocabulary]`."""
        if input_ids.shape[1] > self._first:
            for matcher, token in zip(self._matchers, input_ids[:, -1].tolist(), strict=True):
                matcher.consume_token(token)
        return scores.masked_fill(~self._allowed(), -torch.inf)

    def _allowed(self) -> torch.Tensor:
        """`[rows, vocabulary]`; rows that are done may go on with anything, which nobody reads."""
        rows = [
            np.full(self._vocabulary, 1, np.uint8)
            if matcher.is_error()
            else np.unpackbits(
                np.frombuffer(matcher.compute_bitmask(), np.uint8), count=self._vocabulary, bitorder="little"
            )
            for matcher in self._matchers
        ]
        return torch.from_numpy(np.stack(rows)).bool()
