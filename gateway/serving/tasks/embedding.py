"""Texts to vectors: the embedding task."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from control_plane.catalog import Provider
from gateway.serving.rows import Array
from gateway.serving.tasks.text import TextModel
from model_repository.heads import EmbeddingHead
from model_repository.manifest import Task


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

    async def run(self, provider: Provider, texts: Sequence[str]) -> Embeddings:
        """Vectors of `texts`, which are not empty.

        Raises:
            InferenceError: the model failed, or answered with something other than finite vectors.
            ServerUnavailableError: no Triton server answers.
            OverloadedError: the gateway cannot take more work now.

        """
        graph = provider.graph(Task.EMBEDDING)
        head = graph.head
        assert isinstance(head, EmbeddingHead)
        rows = await self._model.encode(graph, texts)
        outputs = {head.output: (head.dimensions,)}
        vectors = await self._model.infer(provider, graph, rows, outputs)
        return Embeddings(np.stack(vectors[head.output]), sum(map(len, rows)))
