"""Runs the requests of one Triton execution together, as the vendor's native backends do.

Outputs that nobody asked for are neither copied nor sent. The engines compute them all the same, as they do
natively: each runs the whole graph, so a graph should have no output that nobody needs.

Used by the backends beside it, inside the stub process that Triton starts for each model instance.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

Tensors = dict[str, NDArray[np.generic]]

Run = Callable[[Tensors, list[str]], Tensors]
"""Takes inputs by name and the names of the outputs wanted; gives those outputs by name."""


class Item(NamedTuple):
    """One request that is to be answered."""

    index: int
    inputs: Tensors
    outputs: list[str]


def merge(requests: Sequence[Any], run: Run, unfit: type[Exception] | None = None) -> list[Any]:
    """One response a request, in order.

    Requests whose inputs are alike but for the batch axis run as one batch, which is asked only for the
    outputs that somebody wants.

    Args:
        unfit: what the engine raises where the values of an input are at fault, if it can tell.

    """
    responses: list[Any] = [None] * len(requests)
    groups: dict[object, list[Item]] = {}
    for index, request in enumerate(requests):
        if request.is_cancelled():
            responses[index] = _error("the caller gave the request up", pb_utils.TritonError.CANCELLED)
            continue
        inputs = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
        item = Item(index, inputs, list(request.requested_output_names()))
        groups.setdefault(_likeness(inputs), []).append(item)
    for items in groups.values():
        for item, response in zip(items, _answer(items, run, unfit), strict=True):
            responses[item.index] = response
    return responses


def _likeness(inputs: Tensors) -> object:
    return tuple(sorted((name, array.dtype.str, array.shape[1:]) for name, array in inputs.items()))


def _answer(items: list[Item], run: Run, unfit: type[Exception] | None) -> list[Any]:
    """Responses to requests that fit together; when their batch fails, only those at fault get the error."""
    try:
        return _run_batch(items, run)
    except Exception as error:  # noqa: BLE001  # an engine may raise anything, and Triton wants a response
        if len(items) > 1:
            return [response for item in items for response in _answer([item], run, unfit)]
        at_fault = unfit is not None and isinstance(error, unfit)
        code = pb_utils.TritonError.INVALID_ARG if at_fault else pb_utils.TritonError.INTERNAL
        return [_error(f"{type(error).__name__}: {error}", code)]


def _run_batch(items: list[Item], run: Run) -> list[Any]:
    wanted = sorted({name for item in items for name in item.outputs})
    if len(items) == 1:
        return [_response(run(items[0].inputs, wanted), wanted)]
    joined = {name: np.concatenate([item.inputs[name] for item in items]) for name in items[0].inputs}
    answers = run(joined, wanted)
    ends = np.cumsum([len(next(iter(item.inputs.values()))) for item in items])
    parts = {name: np.split(answers[name], ends[:-1]) for name in wanted}
    return [
        _response({name: parts[name][position] for name in item.outputs}, item.outputs)
        for position, item in enumerate(items)
    ]


def _response(answers: Tensors, names: list[str]) -> Any:
    return pb_utils.InferenceResponse(
        output_tensors=[pb_utils.Tensor(name, np.ascontiguousarray(answers[name])) for name in names]
    )


def _error(message: str, code: Any) -> Any:
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(message, code))
