"""Token batches made of real sentences, as single texts or as pairs."""

from collections.abc import Iterator
from itertools import chain, count, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from converters.results import Part
from converters.samples.sampler import BATCHES, LARGEST_BATCH_TOKENS, LENGTHS
from converters.samples.sentences import SENTENCES
from converters.spec import ConversionError
from converters.tensors import Tensors
from model_repository.manifest import TokenizerSpec

MEAN_TOKENS = 32
SIGMA = 0.7
"""Spread of the log-normal lengths; search queries and paragraphs of real traffic in one mix."""

TEXTS, PACK = 64, 16

SHARES = (0.25, 0.5, 0.75)
"""Of a pair's room, what the first text takes; by row."""

Token = tuple[int, int]
"""Id and type."""


class TextSampler:
    """Makes batches for one part: padded, with mixed lengths, and with the inputs that its graph takes.

    Raises:
        ConversionError: the tokenizer makes nothing of plain text.

    """

    def __init__(self, part: Part, spec: TokenizerSpec, tokenizer: Path) -> None:
        rust = Tokenizer.from_file(str(tokenizer))
        self._part = part
        self._spec = spec
        self._bodies = [rust.encode(sentence, add_special_tokens=False).ids for sentence in SENTENCES]
        if not all(self._bodies):
            raise ConversionError(
                "the tokenizer makes no tokens of plain text",
                hint="Check that it is the model's own tokenizer.",
            )
        texts = SENTENCES[:2] if part.pairs else SENTENCES[:1]
        self._frame = _Frame(rust.encode(*texts), len(texts))

    def sample(self) -> Tensors:
        """Two short rows, one of them padded."""
        return self.batch(2, 9)

    def probe(self, *, even: bool) -> Tensors:
        """Three rows of up to 32 tokens."""
        length = self._fit(32)
        return self._batch([length] * 3) if even else self.batch(3, length)

    def cases(self) -> Iterator[Tensors]:
        """Batches over all sizes and lengths that the model takes."""
        for length in sorted({self._fit(length) for length in (*LENGTHS, self._spec.max_length)}):
            for rows in BATCHES:
                if rows * length <= LARGEST_BATCH_TOKENS or rows == 1:
                    yield self.batch(rows, length)

    def traffic(self) -> list[Tensors]:
        """Packs of texts with log-normal lengths, sorted as the gateway sorts them."""
        lengths = self._natural_lengths()
        return [self._batch(lengths[i : i + PACK]) for i in range(0, TEXTS, PACK)]

    def singles(self) -> list[Tensors]:
        """Every fourth of those texts by itself."""
        return [self._batch([length]) for length in self._natural_lengths()[2::4]]

    def batch(self, rows: int, length: int) -> Tensors:
        """Rows from `length` tokens down to a quarter of it, so that all but one row are padded."""
        lengths = np.linspace(length, length // 4, rows).round()
        return self._batch([self._fit(int(one)) for one in lengths])

    def _natural_lengths(self) -> list[int]:
        rng = np.random.default_rng(0)
        drawn = rng.lognormal(np.log(MEAN_TOKENS) - SIGMA**2 / 2, SIGMA, TEXTS)
        return sorted(self._fit(round(length)) for length in drawn)

    def _fit(self, length: int) -> int:
        return min(max(length, self._part.shortest), self._spec.max_length)

    def _batch(self, lengths: list[int]) -> Tensors:
        width = max(lengths)
        ids = np.full((len(lengths), width), self._spec.pad_id, np.int64)
        mask = np.zeros_like(ids)
        types = np.zeros_like(ids)
        for row, length in enumerate(lengths):
            tokens = np.array(self._tokens(row, length), np.int64)
            ids[row, :length], types[row, :length] = tokens.T
            mask[row, :length] = 1
        inputs: dict[str, NDArray[np.generic]] = {
            "input_ids": ids,
            "attention_mask": mask,
            "token_type_ids": types,
        }
        return {name: inputs[name] for name in self._part.inputs}

    def _tokens(self, row: int, length: int) -> list[Token]:
        """Tokens of a text or pair of exactly `length`, special ones included where they fit."""
        room = length - self._frame.size
        if room < len(self._frame.types):
            return [(token, self._frame.types[0]) for token in self._body(row, length)]
        if not self._part.pairs:
            return self._frame.around([self._body(row, room)])
        first = min(max(1, int(room * SHARES[row % len(SHARES)])), room - 1)
        return self._frame.around([self._body(row, first), self._body(row + 1, room - first)])

    def _body(self, start: int, length: int) -> list[int]:
        endless = chain.from_iterable(self._bodies[i % len(SENTENCES)] for i in count(start))
        return list(islice(endless, length))


class _Frame:
    """The special tokens before, between and after the texts, and the token types of the texts.

    Taken from one real encoding, so that it is what the tokenizer does, whatever its template.
    """

    def __init__(self, encoding: Encoding, texts: int) -> None:
        self._special: list[list[Token]] = [[] for _ in range(texts + 1)]
        self.types = [0] * texts
        seen = 0
        for token, kind, sequence, special in zip(
            encoding.ids,
            encoding.type_ids,
            encoding.sequence_ids,
            encoding.special_tokens_mask,
            strict=True,
        ):
            if special or sequence is None:
                self._special[seen].append((token, kind))
            else:
                seen = sequence + 1
                self.types[sequence] = kind
        self.size = sum(map(len, self._special))

    def around(self, bodies: list[list[int]]) -> list[Token]:
        """The texts with all special tokens."""
        tokens = list(self._special[0])
        for body, kind, behind in zip(bodies, self.types, self._special[1:], strict=True):
            tokens += [(token, kind) for token in body]
            tokens += behind
        return tokens
