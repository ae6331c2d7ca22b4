"""Graphs of plain numbers: nested lists in and out, by the names of the tensors."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import orjson

from control_plane.catalog import Provider
from gateway.observability.timing import stage
from gateway.serving.numbers import as_array, typed
from gateway.serving.triton import TritonPool
from model_repository.errors import InferenceError, RefusedInputError
from model_repository.heads import TensorHead
from model_repository.manifest import Task, TensorSpec
from model_repository.tensors import Array


class _Params(msgspec.Struct):
    inputs: dict[str, Any]


class TensorTask:
    """One request is one call: what belongs together in a batch only the caller knows."""

    def __init__(self, triton: TritonPool) -> None:
        self._triton = triton

    async def run(self, provider: Provider, params: bytes) -> bytes:
        """JSON of the outputs by name.

        Args:
            params: the request's fields, a JSON object with `inputs`.

        Raises:
            RefusedInputError: a tensor is missing, unknown or of another shape or type; says what is right.
            InferenceError: the model failed, or answered with NaN or Inf.
            ServerUnavailableError: no Triton server answers, or not in time.

        """
        graph = provider.graph(Task.CUSTOM)
        assert isinstance(graph.head, TensorHead)
        inputs = read_inputs(params, graph.inputs)
        outputs = await self._triton.infer(provider, graph, inputs, graph.head.outputs)
        answer = {name: outputs[name] for name in graph.head.outputs}
        for name, array in answer.items():
            if not np.isfinite(array).all():
                raise InferenceError(f"the output {name} holds NaN or Inf")
        with stage("encode"):
            return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)


def read_inputs(params: bytes, specs: tuple[TensorSpec, ...]) -> dict[str, Array]:
    """Tensors in a request's fields.

    Raises:
        RefusedInputError: see `TensorTask.run`.

    """
    right = ", ".join(f"{spec.name} ({_kind(spec)})" for spec in specs)
    try:
        given: Mapping[str, Any] = msgspec.json.decode(params, type=_Params).inputs
    except (msgspec.ValidationError, RecursionError):
        raise RefusedInputError(f"`inputs` must be an object with {right}") from None
    names = {spec.name for spec in specs}
    if given.keys() != names:
        odd = min(given.keys() ^ names)
        fault = "unknown" if odd in given else "missing"
        raise RefusedInputError(f"`inputs.{odd}` is {fault}: `inputs` must have {right}")
    return {spec.name: _tensor(spec, given[spec.name]) for spec in specs}


def _tensor(spec: TensorSpec, value: object) -> Array:
    rule = f"`inputs.{spec.name}` must be {_kind(spec)}"
    array = as_array(value, rule)
    if not fits(array.shape, spec.shape):
        raise RefusedInputError(f"{rule}, and has the shape {list(array.shape)}")
    return typed(array, spec.datatype, rule)


def fits(shape: Sequence[int], right: Sequence[int]) -> bool:
    """Whether a shape is what it should be, where -1 stands for any size but 0."""
    return len(shape) == len(right) and all(
        size == wanted or (wanted == -1 and size > 0) for size, wanted in zip(shape, right, strict=True)
    )


def _kind(spec: TensorSpec) -> str:
    return f"{spec.datatype} of the shape {list(spec.shape)}"
