"""Token batches made of real sentences: for the parity gate, for measuring and for the probe."""

from itertools import chain, count, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from converters.results import Inspected
from converters.spec import ConversionError
from converters.tensors import Tensors

SENTENCES = (
    "The ferry to the island leaves at a quarter past seven, and returns only when the tide allows it.",
    "How do I reset the password of an account whose e-mail address no longer exists?",
    "Revenue rose by 12.4 % to 3,861 million euros, while the operating margin fell to 9.7 %.",
    "def merge(left, right): return sorted(left + right, key=lambda item: item.created_at)",
    "Patients with a fever above 39 degrees should see a doctor within twenty-four hours.",
    "Die Bibliothek am alten Hafen ist wegen Umbauarbeiten bis Ende März geschlossen.",
    "La réunion de mardi est reportée ; merci de confirmer votre présence avant midi.",
    "Please send two blue chairs, one oak table and the lamp (model K-17) to our new address.",
    "In 1969 two people walked on the Moon while a third one circled above them, alone.",
    "A good soup needs time: chop the onions, let them turn golden, and only then add the stock.",
    "我们明天下午三点在火车站的东门见面,请带上车票。",
    "The court held that the contract was void, because neither party had read clause 14(b).",
)

MEAN_TOKENS = 32
SIGMA = 0.7
"""Spread of the log-normal lengths; search queries and paragraphs of real traffic in one mix."""


class Sampler:
    """Makes batches for one model: padded, with mixed lengths, and the inputs that its graph takes.

    Raises:
        ConversionError: the tokenizer makes nothing of plain text.

    """

    def __init__(self, tokenizer: Path, facts: Inspected) -> None:
        rust = Tokenizer.from_file(str(tokenizer))
        self._facts = facts
        self._bodies = [rust.encode(sentence, add_special_tokens=False).ids for sentence in SENTENCES]
        if not all(self._bodies):
            raise ConversionError(
                "the tokenizer makes no tokens of plain text",
                hint="Check that it is the model's own tokenizer.",
            )
        whole = rust.encode(SENTENCES[0])
        tokens = list(zip(whole.ids, whole.type_ids, strict=True))
        start = whole.special_tokens_mask.index(0)
        end = len(tokens) - whole.special_tokens_mask[::-1].index(0)
        self._before, self._after = tokens[:start], tokens[end:]
        self._body_type = whole.type_ids[start]

    def parity_batch(self, rows: int, length: int) -> Tensors:
        """Rows from `length` tokens down to a quarter of it, so that all but one row are padded."""
        lengths = np.linspace(length, max(1, length // 4), rows).round().astype(int)
        return self._batch([int(n) for n in lengths])

    def traffic(self, texts: int, pack: int) -> list[Tensors]:
        """Batches of `pack` texts with log-normal lengths, sorted as the gateway sorts them."""
        rng = np.random.default_rng(0)
        drawn = rng.lognormal(np.log(MEAN_TOKENS) - SIGMA**2 / 2, SIGMA, texts)
        lengths = np.sort(np.clip(drawn.round(), 1, self._facts.max_length).astype(int))
        return [self._batch([int(n) for n in lengths[i : i + pack]]) for i in range(0, texts, pack)]

    def _batch(self, lengths: list[int]) -> Tensors:
        width = max(lengths)
        ids = np.full((len(lengths), width), self._facts.pad_id, np.int64)
        mask = np.zeros_like(ids)
        types = np.zeros_like(ids)
        for row, length in enumerate(lengths):
            tokens = np.array(self._tokens(row, length), np.int64)
            ids[row, :length], types[row, :length] = tokens.T
            mask[row, :length] = 1
        inputs: dict[str, NDArray[np.generic]] = {"input_ids": ids, "attention_mask": mask}
        return inputs | {"token_type_ids": types} if self._facts.type_ids else inputs

    def _tokens(self, row: int, length: int) -> list[tuple[int, int]]:
        """Ids and types of a text of exactly `length` tokens, special ones included where they fit."""
        room = length - len(self._before) - len(self._after)
        whole = room > 0
        endless = chain.from_iterable(self._bodies[i % len(SENTENCES)] for i in count(row))
        body = [(token, self._body_type) for token in islice(endless, room if whole else length)]
        return [*self._before, *body, *self._after] if whole else body
