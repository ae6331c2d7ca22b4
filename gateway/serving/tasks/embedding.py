"""Texts to vectors: the embedding task."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from control_plane.catalog import Provider
from gateway.observability.timing import stage
from gateway.serving.batching import Pack, pack, send_all
from gateway.serving.tokenization import Tokenizers
from gateway.serving.triton import TritonPool
from model_repository.errors import InferenceError
from model_repository.heads import EmbeddingHead
from model_repository.manifest import Manifest, Task


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors in the order of the texts.

    Attributes:
        vectors: float32 of shape `[texts, dimensions]`, all finite.
        tokens: tokens that the model read, special tokens included and padding left out.

    """

    vectors: NDArray[np.float32]
    tokens: int


class EmbeddingTask:
    """Tokenises, packs, sends and puts the rows back in order."""

    def __init__(
        self, tokenizers: Tokenizers, triton: TritonPool, *, tokens_per_pack: int, packs_per_request: int
    ) -> None:
        self._tokenizers = tokenizers
        self._triton = triton
        self._tokens_per_pack = tokens_per_pack
        self._packs_per_request = packs_per_request

    async def run(self, provider: Provider, texts: Sequence[str]) -> Embeddings:
        """Vectors of `texts`, which are not empty.

        Raises:
            InferenceError: the model failed, or answered with something other than finite vectors.
            ServerUnavailableError: no Triton server answers.
            OverloadedError: the gateway cannot take more work now.

        """
        manifest = provider.graph(Task.EMBEDDING)
        head = manifest.head
        assert isinstance(head, EmbeddingHead)
        output, dimensions = head.output, head.dimensions
        with stage("tokenise"):
            rows = await self._tokenizers.encode(manifest, texts)
        lengths = [len(row) for row in rows]
        packs = pack(lengths, max_rows=manifest.max_batch_size, max_tokens=self._tokens_per_pack)
        vectors = np.empty((len(rows), dimensions), np.float32)

        async def send(positions: Pack) -> None:
            inputs = tensors(manifest, [rows[position] for position in positions])
            outputs = await self._triton.infer(provider, manifest, inputs, (output,))
            result = outputs[output]
            if result.shape != (len(positions), dimensions) or not np.isfinite(result).all():
                raise InferenceError(f"model {manifest.name} answered with an unusable vector")
            vectors[positions] = result

        await send_all(packs, send, at_once=self._packs_per_request)
        return Embeddings(vectors, sum(lengths))


def tensors(manifest: Manifest, rows: Sequence[Sequence[int]]) -> dict[str, NDArray[np.generic]]:
    """The graph's inputs, each of shape `[rows, longest row]`; shorter rows are padded on the right."""
    longest = max(len(row) for row in rows)
    assert manifest.tokenizer is not None
    ids = np.full((len(rows), longest), manifest.tokenizer.pad_id, np.int64)
    mask = np.zeros((len(rows), longest), np.int64)
    for position, row in enumerate(rows):
        ids[position, : len(row)] = row
        mask[position, : len(row)] = 1
    known = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    return {spec.name: known[spec.name].astype(spec.datatype.lower(), copy=False) for spec in manifest.inputs}
