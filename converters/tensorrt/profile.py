"""Which shapes a plan is built for, and best at: from the lengths that come, not from a guess."""

from collections.abc import Sequence

from converters.results import Graph, Part
from converters.samples.text import PACK
from converters.tensors import Tensors
from model_repository.manifest import TensorSpec
from model_repository.plans import ShapeRange

Axes = tuple[int, int]
"""Rows and tokens a row."""


def profile(
    graph: Graph, part: Part, traffic: Sequence[Tensors], lengths: Sequence[int]
) -> dict[str, ShapeRange]:
    """The only profile of a plan, by input.

    It takes all that callers may send: one row of the shortest text up to the largest batch of the longest.

    Args:
        traffic: batches as the gateway packs them.
        lengths: tokens of texts as the site has measured them, which then count instead of the traffic's.

    """
    shapes = packed(lengths, part) if lengths else [_shape(batch) for batch in traffic]
    longest = part.tokenizer.max_length if part.tokenizer else 1
    smallest, best = (1, part.shortest), typical(shapes)
    largest = (graph.max_batch_size, longest)
    return {
        spec.name: ShapeRange(min=_fill(spec, smallest), opt=_fill(spec, best), max=_fill(spec, largest))
        for spec in graph.inputs
    }


def packed(lengths: Sequence[int], part: Part) -> list[Axes]:
    """Shapes of the batches that texts of these lengths travel in: sorted, padded to the longest of each."""
    longest = part.tokenizer.max_length if part.tokenizer else 1
    fitting = sorted(min(max(length, part.shortest), longest) for length in lengths)
    packs = [fitting[start : start + PACK] for start in range(0, len(fitting), PACK)]
    return [(len(pack), pack[-1]) for pack in packs]


def typical(shapes: Sequence[Axes]) -> Axes:
    """The shape that half of all tokens come in up to: time goes by tokens, not by batches."""
    ordered = sorted(shapes, key=lambda shape: (shape[1], shape[0]))
    half = sum(rows * length for rows, length in ordered) / 2
    seen = 0
    for shape in ordered:
        seen += shape[0] * shape[1]
        if seen >= half:
            return shape
    raise ValueError("there is no shape to choose from")


def _shape(batch: Tensors) -> Axes:
    array = next(iter(batch.values()))
    return array.shape[0], array.shape[1] if array.ndim == 2 else 1


def _fill(spec: TensorSpec, axes: Axes) -> tuple[int, ...]:
    """A tensor's shape with the dynamic axes filled in; the first is the batch, all others the length."""
    return tuple(
        size if size != -1 else axes[0] if axis == 0 else axes[1] for axis, size in enumerate(spec.shape)
    )
