"""Rows of a request through Triton and back in their order, whatever they are made of."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from control_plane.catalog import Provider
from gateway.observability.tasks import TaskMetrics
from gateway.serving.batching.batcher import Batcher, Inputs, Tensors, unusable
from gateway.serving.batching.cost import CostModel
from gateway.serving.batching.packed import PackedRows
from gateway.serving.batching.padded import PaddedRows
from gateway.serving.batching.patience import Patience
from gateway.serving.triton import TritonPool
from model_repository.manifest import Manifest

Array = NDArray[np.float32]

LENGTH = -1
"""An axis as long as the pack's longest row; what a row gets of it is as long as the row."""

Shape = tuple[int, ...]
"""What one row gets of an output: `(384,)` for a vector, `(LENGTH, 9)` for nine numbers a token."""

Parts = tuple[Array, ...]
"""What a row gets of each output."""

BATCHERS = 256
"""Graphs whose batchers are kept while they are idle: they know what a pack costs."""


class RowRunner:
    """One batcher for each graph.

    Args:
        tokens_per_pack: most tokens, padding included, that one ModelInfer carries.
        pack_seconds: longest that a pack of several rows may take.
        rows_waiting: rows that may wait for one graph.
        queue_seconds: that a call may expect to wait for a graph.
        overload_seconds: the same while the graph is overloaded.
        metrics: where packs are counted.

    """

    def __init__(
        self,
        triton: TritonPool,
        *,
        tokens_per_pack: int,
        pack_seconds: float,
        rows_waiting: int,
        queue_seconds: float,
        overload_seconds: float,
        metrics: TaskMetrics,
    ) -> None:
        self._triton = triton
        self._metrics = metrics
        self._tokens_per_pack = tokens_per_pack
        self._pack_seconds = pack_seconds
        self._rows_waiting = rows_waiting
        self._queue_seconds = queue_seconds
        self._overload_seconds = overload_seconds
        self._batchers: dict[tuple[str | None, str], Batcher] = {}

    async def run(
        self,
        provider: Provider,
        graph: Manifest,
        rows: Sequence[Any],
        inputs: Inputs,
        outputs: Mapping[str, Shape],
    ) -> dict[str, list[Array]]:
        """Each output by name, one array a row.

        Args:
            rows: what `inputs` makes tensors of.
            inputs: the same for all calls of a graph, and so are the outputs.
            outputs: those of the graph that are wanted.

        Raises:
            InferenceError: the model failed, or answered with something other than finite numbers.
            ServerUnavailableError: no Triton server answers.
            OverloadedError: too many rows wait for the graph.

        """
        batcher = self._batcher(provider, graph, inputs, outputs)
        found = await batcher.run(rows)
        return {name: [parts[at] for parts in found] for at, name in enumerate(outputs)}

    def takes(self, provider: Provider, graph: Manifest) -> bool:
        """Whether a call of one row would be let in now."""
        batcher = self._batchers.get((provider.url, graph.entry))
        return batcher is None or batcher.takes()

    @property
    def waiting(self) -> Mapping[str, int]:
        """Rows that wait, by model."""
        found: Counter[str] = Counter()
        for batcher in self._batchers.values():
            found[batcher.name] += batcher.waiting
        return found

    def _batcher(
        self, provider: Provider, graph: Manifest, inputs: Inputs, outputs: Mapping[str, Shape]
    ) -> Batcher:
        key = (provider.url, graph.entry)
        batcher = self._batchers.get(key)
        if batcher is None:
            if len(self._batchers) >= BATCHERS:
                self._batchers = {key: each for key, each in self._batchers.items() if not each.idle}
            batcher = self._batchers[key] = self._create(provider, graph, inputs, outputs)
        return batcher

    def _create(
        self, provider: Provider, graph: Manifest, inputs: Inputs, outputs: Mapping[str, Shape]
    ) -> Batcher:
        names = tuple(outputs)

        async def infer(tensors: Tensors) -> Tensors:
            return await self._triton.infer(provider, graph, tensors, names)

        def split(answer: Tensors, lengths: Sequence[int]) -> list[Parts | None]:
            columns = [_column(graph, answer[name], shape, lengths) for name, shape in outputs.items()]
            if all(np.isfinite(answer[name]).all() for name in names):
                return list(zip(*columns, strict=True))
            # Behind a short row's own tokens an output may hold anything.
            rows = zip(*columns, strict=True)
            return [row if all(np.isfinite(part).all() for part in row) else None for row in rows]

        def count(lengths: Sequence[int]) -> None:
            self._metrics.pack(graph.name, len(lengths), sum(lengths), waiting.computed(lengths))

        waiting = (PaddedRows if graph.engine.pads else PackedRows)(
            max_rows=graph.max_batch_size, max_tokens=self._tokens_per_pack, max_seconds=self._pack_seconds
        )
        return Batcher(
            graph.name,
            inputs,
            infer,
            split,
            waiting,
            count=count,
            patience=Patience(self._queue_seconds, self._overload_seconds),
            cost=CostModel(graph.engine.instances, graph.pack_overhead),
            rows_waiting=self._rows_waiting,
        )


def row_shape(graph: Manifest, output: str) -> Shape:
    """Shape of one row of an output whose size only the graph knows."""
    (spec,) = (spec for spec in graph.outputs if spec.name == output)
    return spec.shape[1:]


def _column(
    graph: Manifest, whole: NDArray[np.generic], shape: Shape, lengths: Sequence[int]
) -> Sequence[Array]:
    """One output, a part a row."""
    right = (len(lengths), *(max(lengths) if size == LENGTH else size for size in shape))
    if whole.shape != right:
        raise unusable(graph.name)
    values: Array = whole.astype(np.float32, copy=False)
    return (
        [row[:length] for row, length in zip(values, lengths, strict=True)]
        if LENGTH in shape
        else list(values)
    )
