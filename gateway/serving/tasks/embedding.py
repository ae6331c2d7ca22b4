"""Texts to vectors: the embedding task."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from control_plane.catalog import Provider
from gateway.serving.rows import Array
from gateway.serving.tasks.text import TextModel, Tokens
from model_repository.errors import RefusedInputError
from model_repository.heads import EmbeddingHead
from model_repository.manifest import Manifest, Task


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors in the order of the inputs.

    Attributes:
        vectors: float32 of shape `[inputs, dimensions]`, all finite.
        tokens: tokens that the model read, special tokens included and padding left out; 0 for images.

    """

    vectors: Array
    tokens: int


class EmbeddingTask:
    """Pooling and normalising happen in the graph; text longer than the model takes is cut."""

    def __init__(self, model: TextModel) -> None:
        self._model = model

    async def run(
        self, provider: Provider, texts: Sequence[str], *, dimensions: int | None = None
    ) -> Embeddings:
        """Vectors of `texts`, which are not empty.

        Args:
            dimensions: numbers that are kept of each vector, which then has unit length; None keeps all.

        Raises:
            RefusedInputError: the model's vectors cannot be cut to that.
            InferenceError: the model failed, or answered with something other than finite vectors.
            ServerUnavailableError: no Triton server answers.
            OverloadedError: the gateway cannot take more work now.

        """
        graph, head = _graph(provider, dimensions)
        rows = await self._model.encode(graph, texts)
        return await self._vectors(provider, graph, head, rows, dimensions)

    async def run_tokens(
        self, provider: Provider, rows: Sequence[list[int]], *, dimensions: int | None = None
    ) -> Embeddings:
        """Vectors of rows of the model's own tokens; see `run`.

        Raises:
            TriremeError: as `run`, and see `TextModel.given`.

        """
        graph, head = _graph(provider, dimensions)
        given = self._model.given(graph, rows)
        return await self._vectors(provider, graph, head, given, dimensions)

    async def _vectors(
        self,
        provider: Provider,
        graph: Manifest,
        head: EmbeddingHead,
        rows: Sequence[Tokens],
        dimensions: int | None,
    ) -> Embeddings:
        found = await self._model.infer(provider, graph, rows, {head.output: (head.dimensions,)})
        vectors = np.array(found[head.output])
        if dimensions is not None and dimensions < head.dimensions:
            vectors = _unit(vectors[:, :dimensions])
        return Embeddings(vectors, sum(map(len, rows)))


def _graph(provider: Provider, dimensions: int | None) -> tuple[Manifest, EmbeddingHead]:
    """The graph with its head, where it can answer with so many numbers."""
    graph = provider.graph(Task.EMBEDDING)
    head = graph.head
    assert isinstance(head, EmbeddingHead)
    shorter = range(1, head.dimensions) if head.matryoshka == () else head.matryoshka or ()
    if dimensions is None or dimensions == head.dimensions or dimensions in shorter:
        return graph, head
    right = " or ".join(map(str, (*shorter, head.dimensions)))
    if isinstance(shorter, range):
        right = f"1 to {head.dimensions}"
    raise RefusedInputError(f"`dimensions` must be {right} for model {graph.name}, or left out")


def _unit(vectors: Array) -> Array:
    """Vectors of unit length; one of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Array = vectors / np.where(lengths > 0, lengths, 1)
    return scaled
