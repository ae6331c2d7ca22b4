"""What all tasks that read text share: text to tokens to tensors to one result a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from control_plane.catalog import Provider
from gateway.observability.timing import stage
from gateway.serving.batching.batcher import Tensors
from gateway.serving.encoders import Text
from gateway.serving.metering.call import current_call
from gateway.serving.rows import Array, RowRunner, Shape
from gateway.serving.tokenization import Tokenizers
from model_repository.manifest import Manifest


class TextModel:
    """Runs graphs whose inputs are token ids."""

    def __init__(self, tokenizers: Tokenizers, rows: RowRunner) -> None:
        self._tokenizers = tokenizers
        self._rows = rows

    async def encode(self, graph: Manifest, texts: Sequence[Text]) -> list[Encoding]:
        """Tokens of each text or pair.

        Raises:
            TriremeError: see `Tokenizers.encodings`.

        """
        with stage("tokenise"):
            rows = await self._tokenizers.encodings(graph, texts)
        if (call := current_call()) is not None:
            call.read(sum(map(len, rows)))
        return rows

    async def infer(
        self, provider: Provider, graph: Manifest, rows: Sequence[Encoding], outputs: Mapping[str, Shape]
    ) -> dict[str, list[Array]]:
        """Outputs by name, one array a row.

        Raises:
            TriremeError: see `RowRunner.run`.

        """
        return await self._rows.run(provider, graph, rows, TokenInputs(graph), outputs)


@dataclass(frozen=True, slots=True)
class TokenInputs:
    """Token ids as the graph wants them; see `gateway.serving.batching.batcher.Inputs`."""

    graph: Manifest

    def length(self, content: Encoding) -> int:
        """Its tokens."""
        return len(content)

    async def prepare(self, contents: Sequence[Encoding]) -> Sequence[Encoding]:
        """Nothing is left to do."""
        return contents

    def tensors(self, prepared: Sequence[Encoding]) -> Tensors:
        """The graph's inputs, each of shape `[rows, longest row]`."""
        return tensors(self.graph, prepared)


def tensors(graph: Manifest, rows: Sequence[Encoding]) -> dict[str, NDArray[np.generic]]:
    """The graph's inputs, each of shape `[rows, longest row]`; shorter rows are padded on the right."""
    assert graph.tokenizer is not None
    longest = max(len(row) for row in rows)
    padding = {"input_ids": graph.tokenizer.pad_id, "attention_mask": 0, "token_type_ids": 0}
    made = {}
    for spec in graph.inputs:
        made[spec.name] = np.full((len(rows), longest), padding[spec.name], spec.datatype.lower())
        for position, row in enumerate(rows):
            made[spec.name][position, : len(row)] = _values(spec.name, row)
    return made


def _values(name: str, row: Encoding) -> list[int]:
    values: list[int]
    match name:
        case "input_ids":
            values = row.ids
        case "token_type_ids":
            values = row.type_ids
        case _:
            values = row.attention_mask
    return values
