"""What all tasks that read text share: text to tokens to tensors to one result a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from control_plane.catalog import Provider
from gateway.observability.timing import stage
from gateway.serving.batching.batcher import Tensors
from gateway.serving.cached_rows import CachedRows
from gateway.serving.encoders import Text
from gateway.serving.metering.call import current_call
from gateway.serving.rows import Array, RowRunner, Shape
from gateway.serving.tokenization import Tokenizers
from model_repository.errors import RefusedInputError
from model_repository.manifest import Manifest


class Tokens(Protocol):
    """One row of token ids; a tokenizer's `Encoding` is one."""

    @property
    def ids(self) -> list[int]:
        """The tokens."""

    @property
    def type_ids(self) -> list[int]:
        """Which text of a pair each is of."""

    @property
    def attention_mask(self) -> list[int]:
        """1 for each."""

    def __len__(self) -> int:
        """How many they are."""


@dataclass(frozen=True, slots=True)
class GivenTokens:
    """Token ids that the caller has chosen, special ones among them or not."""

    ids: list[int]

    @property
    def type_ids(self) -> list[int]:
        """All of one text."""
        return [0] * len(self.ids)

    @property
    def attention_mask(self) -> list[int]:
        """All of them count."""
        return [1] * len(self.ids)

    def __len__(self) -> int:
        """How many they are."""
        return len(self.ids)


class TextModel:
    """Runs graphs whose inputs are token ids."""

    def __init__(self, tokenizers: Tokenizers, rows: RowRunner | CachedRows) -> None:
        self._tokenizers = tokenizers
        self._rows = rows

    async def encode(self, graph: Manifest, texts: Sequence[Text]) -> list[Encoding]:
        """Tokens of each text or pair.

        Raises:
            TriremeError: see `Tokenizers.encodings`.

        """
        with stage("tokenise"):
            rows = await self._tokenizers.encodings(graph, texts)
        _note(rows)
        return rows

    def given(self, graph: Manifest, rows: Sequence[list[int]]) -> list[GivenTokens]:
        """Rows of a caller's own token ids, none of them empty or below 0; nothing is added, nothing cut.

        Raises:
            RefusedInputError: a row is too long for the model, or has an id that its vocabulary lacks.
            TokenizerUnavailableError: the vocabulary is not loaded.

        """
        assert graph.tokenizer is not None
        longest, size = graph.tokenizer.max_length, self._tokenizers.tokenizer(graph).get_vocab_size()
        for position, ids in enumerate(rows):
            if len(ids) > longest:
                raise RefusedInputError(
                    f"row {position} of the input has {len(ids)} tokens, "
                    f"and model {graph.name} reads {longest}"
                )
            if max(ids) >= size:
                raise RefusedInputError(
                    f"row {position} of the input has tokens that model {graph.name} does not know: "
                    f"they are 0 to {size - 1}"
                )
        given = [GivenTokens(ids) for ids in rows]
        _note(given)
        return given

    async def infer(
        self, provider: Provider, graph: Manifest, rows: Sequence[Tokens], outputs: Mapping[str, Shape]
    ) -> dict[str, list[Array]]:
        """Outputs by name, one array a row.

        Raises:
            TriremeError: see `RowRunner.run`.

        """
        return await self._rows.run(provider, graph, rows, TokenInputs(graph), outputs)


def _note(rows: Sequence[Tokens]) -> None:
    if (call := current_call()) is not None:
        call.read(sum(map(len, rows)))


@dataclass(frozen=True, slots=True)
class TokenInputs:
    """Token ids as the graph wants them; see `gateway.serving.batching.batcher.Inputs`."""

    graph: Manifest

    def length(self, content: Tokens) -> int:
        """Its tokens."""
        return len(content)

    async def prepare(self, contents: Sequence[Tokens]) -> Sequence[Tokens]:
        """Nothing is left to do."""
        return contents

    def tensors(self, prepared: Sequence[Tokens]) -> Tensors:
        """The graph's inputs, each of shape `[rows, longest row]`."""
        return tensors(self.graph, prepared)


def tensors(graph: Manifest, rows: Sequence[Tokens]) -> dict[str, NDArray[np.generic]]:
    """The graph's inputs, each of shape `[rows, longest row]`; shorter rows are padded on the right."""
    assert graph.tokenizer is not None
    longest = max(len(row) for row in rows)
    padding = {"input_ids": graph.tokenizer.pad_id, "attention_mask": 0, "token_type_ids": 0}
    made: dict[str, NDArray[np.generic]] = {}
    for spec in graph.inputs:
        array = made[spec.name] = np.empty((len(rows), longest), spec.datatype.lower())
        array.fill(padding[spec.name])
        for position, row in enumerate(rows):
            array[position, : len(row)] = _values(spec.name, row)
    return made


def _values(name: str, row: Tokens) -> list[int]:
    values: list[int]
    match name:
        case "input_ids":
            values = row.ids
        case "token_type_ids":
            values = row.type_ids
        case _:
            values = row.attention_mask
    return values
