"""Texts to labels: by the labels that a model was trained on, or by entailment for any labels."""

from collections.abc import Sequence

import numpy as np

from control_plane.catalog import Provider
from gateway.serving.labels import Labels, Ranking, rank, rank_own, required
from gateway.serving.probabilities import Probabilities, softmax
from gateway.serving.rows import row_shape
from gateway.serving.tasks.text import TextModel
from model_repository.heads import ClassificationHead, EntailmentHead
from model_repository.manifest import Manifest, Task

HYPOTHESIS = "This example is {}."
"""What the entailment model judges for each label, which is put in unchanged."""


class TextClassificationTask:
    """The head of the graph decides whether it judges by its own labels or by the request's."""

    def __init__(self, model: TextModel) -> None:
        self._model = model

    async def run(
        self, provider: Provider, texts: Sequence[str], labels: Sequence[Labels], *, top_k: int = 0
    ) -> list[Ranking]:
        """Labels of each text with their probabilities.

        Args:
            labels: for each text; a model with labels of its own passes over them.
            top_k: see `rank`.

        Raises:
            LabelsRequiredError: the model has no labels of its own, and a text comes without.
            TriremeError: see `TextModel`.

        """
        graph = provider.graph(Task.TEXT_CLASSIFICATION)
        match graph.head:
            case EntailmentHead() as entailment:
                asked = required(graph, labels)
                judged = await self._entailed(provider, graph, entailment, texts, asked)
                return [rank(*each, top_k) for each in zip(asked, judged, strict=True)]
            case ClassificationHead() as own:
                rows = await self._model.encode(graph, texts)
                found = await self._model.infer(provider, graph, rows, {own.output: (len(own.labels),)})
                return [rank_own(own, logits, top_k) for logits in found[own.output]]
            case other:
                raise AssertionError(other)

    async def _entailed(
        self,
        provider: Provider,
        graph: Manifest,
        head: EntailmentHead,
        texts: Sequence[str],
        labels: Sequence[Sequence[str]],
    ) -> list[Probabilities]:
        """For each text and label, by itself, the share of entailment against contradiction alone."""
        pairs = [
            (text, HYPOTHESIS.format(label))
            for text, asked in zip(texts, labels, strict=True)
            for label in asked
        ]
        rows = await self._model.encode(graph, pairs)
        found = await self._model.infer(provider, graph, rows, {head.output: row_shape(graph, head.output)})
        logits = np.array(found[head.output])[:, [head.contradiction, head.entailment]]
        ends = np.cumsum([len(asked) for asked in labels])
        return np.split(softmax(logits)[:, 1], ends[:-1])
