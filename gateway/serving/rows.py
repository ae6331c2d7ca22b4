"""Rows through Triton: packed by length, sent, and put back in order, whatever they are made of."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from control_plane.catalog import Provider
from gateway.serving.batching import Pack, pack, send_all
from gateway.serving.triton import TritonPool
from model_repository.errors import InferenceError
from model_repository.manifest import Manifest

Array = NDArray[np.float32]
Tensors = Mapping[str, NDArray[np.generic]]

LENGTH = -1
"""An axis as long as the pack's longest row; what a row gets of it is as long as the row."""

Shape = tuple[int, ...]
"""What one row gets of an output: `(384,)` for a vector, `(LENGTH, 9)` for nine numbers a token."""


class RowRunner:
    """Sends the rows of a request and gives each its part of the outputs.

    Args:
        tokens_per_pack: most tokens, padding included, that one ModelInfer carries.
        packs_per_request: packs of one request that may be on their way together.

    """

    def __init__(self, triton: TritonPool, *, tokens_per_pack: int, packs_per_request: int) -> None:
        self._triton = triton
        self._tokens_per_pack = tokens_per_pack
        self._packs_per_request = packs_per_request

    async def run(
        self,
        provider: Provider,
        graph: Manifest,
        lengths: Sequence[int],
        tensors: Callable[[Pack], Awaitable[Tensors]],
        outputs: Mapping[str, Shape],
    ) -> dict[str, list[Array]]:
        """Each output by name, one array a row.

        Args:
            lengths: of the rows, in tokens.
            tensors: makes the inputs of a pack.
            outputs: the graph's outputs that are wanted.

        Raises:
            InferenceError: the model failed, or answered with something other than finite numbers.
            ServerUnavailableError: no Triton server answers.

        """
        found: dict[str, list[Array]] = {name: [_NOTHING] * len(lengths) for name in outputs}

        async def send(positions: Pack) -> None:
            longest = lengths[positions[-1]]
            answer = await self._triton.infer(provider, graph, await tensors(positions), tuple(outputs))
            for name, shape in outputs.items():
                whole = answer[name]
                right = (len(positions), *(longest if size == LENGTH else size for size in shape))
                ragged = LENGTH in shape
                if whole.shape != right or not (ragged or np.isfinite(whole).all()):
                    raise _unusable(graph)
                for row, position in zip(whole, positions, strict=True):
                    found[name][position] = row[: lengths[position]] if ragged else row
                if ragged and not all(np.isfinite(found[name][position]).all() for position in positions):
                    raise _unusable(graph)

        packs = pack(lengths, max_rows=graph.max_batch_size, max_tokens=self._tokens_per_pack)
        await send_all(packs, send, at_once=self._packs_per_request)
        return found


def row_shape(graph: Manifest, output: str) -> Shape:
    """Shape of one row of an output whose size only the graph knows."""
    (spec,) = (spec for spec in graph.outputs if spec.name == output)
    return spec.shape[1:]


_NOTHING: Array = np.empty(0, np.float32)


def _unusable(graph: Manifest) -> InferenceError:
    return InferenceError(f"model {graph.name} answered with something unusable")
