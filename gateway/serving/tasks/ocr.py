"""Pages to lines of text: find them, turn those that stand on their head, read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from PIL import Image

from control_plane.catalog import Provider
from gateway.observability.timing import stage
from gateway.serving.batching.batcher import Tensors
from gateway.serving.ocr.crops import Crop, cut, squeezed, turned
from gateway.serving.ocr.decoding import decode
from gateway.serving.ocr.detection import find_lines, page_tensor, to_tensor
from gateway.serving.ocr.lines import Line, Points
from gateway.serving.rows import LENGTH, Array, RowRunner
from gateway.serving.threads import Threads
from gateway.serving.triton import TritonPool
from model_repository.errors import InferenceError
from model_repository.heads import TextDetectionHead, TextDirectionHead, TextRecognitionHead
from model_repository.manifest import Manifest

H = TypeVar("H", TextDetectionHead, TextDirectionHead, TextRecognitionHead)


class OcrTask:
    """Reads pages with a model of three graphs.

    Args:
        threads: where pixels are worked on.

    """

    def __init__(self, rows: RowRunner, triton: TritonPool, threads: Threads) -> None:
        self._rows = rows
        self._triton = triton
        self._threads = threads

    async def run(self, provider: Provider, page: Image.Image) -> list[Line]:
        """The lines of an RGB page, in no order; what was read without confidence is left out.

        Raises:
            InferenceError: the model failed, or answered with something unusable.
            ServerUnavailableError: no Triton server answers.
            OverloadedError: too many pages or lines wait.

        """
        with self._threads.admit():
            places = await self._find(provider, page)
            if not places:
                return []
            graph, head = _graph(provider, TextRecognitionHead)
            with stage("decode"):
                crops = await self._threads.run(_cut_all, page, places, head.height)
        upright = await self._turn(provider, crops)
        outputs = {head.ids: (LENGTH,), head.scores: (LENGTH,)}
        inputs = LineInputs(graph, self._threads, head.stride)
        found = await self._rows.run(provider, graph, upright, inputs, outputs)
        lines = []
        for place, ids, scores in zip(places, found[head.ids], found[head.scores], strict=True):
            text, confidence = decode(head, ids, scores)
            if text.strip() and confidence >= head.threshold:
                corners = tuple((float(x), float(y)) for x, y in place)
                lines.append(Line(corners, text.strip(), confidence))
        return lines

    async def _find(self, provider: Provider, page: Image.Image) -> list[Points]:
        graph, head = _graph(provider, TextDetectionHead)
        (spec,) = graph.inputs
        with stage("decode"):
            tensor = await self._threads.run(page_tensor, head, page)
        answer = await self._triton.infer(provider, graph, {spec.name: tensor}, (head.output,))
        seen = answer[head.output]
        if seen.shape != (1, 1, *tensor.shape[2:]) or not np.isfinite(seen).all():
            raise InferenceError(f"model {graph.name} answered with something unusable")
        with stage("decode"):
            return await self._threads.run(find_lines, head, seen[0, 0].astype(np.float32), page.size)

    async def _turn(self, provider: Provider, crops: Sequence[Crop]) -> list[Crop]:
        graph, head = _graph(provider, TextDirectionHead)
        rows = [squeezed(crop, head.width) for crop in crops]
        inputs = LineInputs(graph, self._threads, head.width)
        found = await self._rows.run(provider, graph, rows, inputs, {head.output: (2,)})
        return [
            turned(crop) if float(answer[1]) > head.threshold else crop
            for crop, answer in zip(crops, found[head.output], strict=True)
        ]


@dataclass(frozen=True, slots=True)
class LineInputs:
    """Lines as a graph wants them; see `gateway.serving.batching.batcher.Inputs`.

    Attributes:
        stride: pixels that a line's width is filled up to a multiple of.

    """

    graph: Manifest
    threads: Threads
    stride: int

    def length(self, content: Crop) -> int:
        """Steps of the graph along a line."""
        return -(-content.shape[1] // self.stride)

    async def prepare(self, contents: Sequence[Crop]) -> Sequence[Array]:
        """Numbers of lines that are about to be sent."""
        with stage("decode"):
            return await self.threads.run(_numbers, contents)

    def tensors(self, prepared: Sequence[Array]) -> Tensors:
        """The graph's one input, `[lines, 3, height, width]`, 0 behind shorter lines."""
        (spec,) = self.graph.inputs
        width = max(map(self._width, prepared))
        tensor = np.zeros((len(prepared), *prepared[0].shape[:2], width), np.float32)
        for row, line in zip(tensor, prepared, strict=True):
            row[..., : line.shape[2]] = line
        return {spec.name: tensor}

    def _width(self, line: Array) -> int:
        return -(-line.shape[2] // self.stride) * self.stride


def _cut_all(page: Image.Image, places: Sequence[Points], height: int) -> list[Crop]:
    return [cut(page, place, height) for place in places]


def _numbers(crops: Sequence[Crop]) -> list[Array]:
    return [to_tensor(crop) for crop in crops]


def _graph(provider: Provider, kind: type[H]) -> tuple[Manifest, H]:
    """The graph of a reading model with such a head."""
    for graph in provider.graphs:
        if isinstance(graph.head, kind):
            return graph, graph.head
    raise AssertionError(f"model {provider.model_name} has no {kind.__name__}")
