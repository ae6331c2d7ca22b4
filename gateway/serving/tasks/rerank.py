"""Passages by how well they answer a query: the rerank task."""

from collections.abc import Sequence

import numpy as np

from control_plane.catalog import Provider
from gateway.serving.probabilities import sigmoid
from gateway.serving.tasks.text import TextModel
from model_repository.heads import RerankHead
from model_repository.manifest import Task


class RerankTask:
    """A cross-encoder reads the query together with each passage."""

    def __init__(self, model: TextModel) -> None:
        self._model = model

    async def run(self, provider: Provider, query: str, passages: Sequence[str]) -> list[float]:
        """Score of each passage, in the order of the passages; a higher one is better.

        A pair that is longer than the model takes is cut, token by token from whichever text is the longer
        one at the time.

        Raises:
            InferenceError: the model failed, or answered with something other than finite scores.
            ServerUnavailableError: no Triton server answers.
            OverloadedError: the gateway cannot take more work now.

        """
        graph = provider.graph(Task.RERANK)
        head = graph.head
        assert isinstance(head, RerankHead)
        rows = await self._model.encode(graph, [(query, passage) for passage in passages])
        found = await self._model.infer(provider, graph, rows, {head.output: (1,)})
        logits = np.concatenate(found[head.output])
        scores: list[float] = (sigmoid(logits) if head.sigmoid else logits).tolist()
        return scores
