"""Tensors of a request: out of its JSON or the bytes behind it, checked against what the graph takes."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import msgspec
import numpy as np
from tritonclient.utils import deserialize_bytes_tensor

from gateway.serving.kserve.messages import InferRequest, RequestInput
from gateway.serving.numbers import as_array, typed
from gateway.serving.tasks.tensors import fits
from model_repository.errors import RefusedInputError
from model_repository.manifest import Manifest, TensorSpec
from model_repository.tensors import DTYPES, Array

BINARY = "binary_data_size"
SHARED_MEMORY = "shared_memory_region"


@dataclass(frozen=True, slots=True)
class Message:
    """A request as it came.

    Attributes:
        binary: what followed its JSON.

    """

    request: InferRequest
    binary: memoryview


def read_inputs(message: Message, graph: Manifest) -> dict[str, Array]:
    """The graph's inputs by name, batch axis first.

    Raises:
        RefusedInputError: a tensor is missing, unknown, or of another type, shape or size.

    """
    given = {tensor.name: tensor for tensor in message.request.inputs}
    names = {spec.name for spec in graph.inputs}
    right = ", ".join(f"{spec.name} ({_kind(spec)})" for spec in graph.inputs)
    if given.keys() != names or len(given) < len(message.request.inputs):
        raise RefusedInputError(f"model {graph.name} takes each of these inputs once: {right}")
    parts = _parts(message)
    inputs = {spec.name: _read(given[spec.name], spec, parts.get(spec.name)) for spec in graph.inputs}
    _check_sizes(graph, inputs)
    return inputs


def _parts(message: Message) -> dict[str, memoryview]:
    """Bytes of the inputs that lie behind the JSON, in the order of the inputs."""
    parts = {}
    start = 0
    for tensor in message.request.inputs:
        if SHARED_MEMORY in tensor.parameters:
            raise RefusedInputError(f"input {tensor.name} lies in shared memory, which is not read here")
        if BINARY not in tensor.parameters:
            continue
        size = tensor.parameters[BINARY]
        if not isinstance(size, int) or size < 0:
            raise RefusedInputError(f"`{BINARY}` of input {tensor.name} must be a number of bytes")
        parts[tensor.name] = message.binary[start : start + size]
        start += size
    if start != len(message.binary):
        raise RefusedInputError(
            f"{len(message.binary)} bytes follow the JSON, and its inputs have {start} of them by `{BINARY}`"
        )
    return parts


def _read(tensor: RequestInput, spec: TensorSpec, part: memoryview | None) -> Array:
    rule = f"input {spec.name} must be {_kind(spec)}"
    if tensor.datatype != spec.datatype:
        raise RefusedInputError(f"{rule}, and is {tensor.datatype}")
    if not fits(tensor.shape, spec.shape):
        raise RefusedInputError(f"{rule}, and has the shape {tensor.shape}")
    if part is not None:
        return _from_bytes(part, tensor, spec)
    if tensor.data is msgspec.UNSET:
        raise RefusedInputError(f"input {spec.name} has neither `data` nor `{BINARY}`")
    flat = _strings(tensor.data, rule) if spec.datatype == "BYTES" else _numbers(tensor.data, spec, rule)
    return _shaped(flat, tensor)


def _from_bytes(part: memoryview, tensor: RequestInput, spec: TensorSpec) -> Array:
    dtype = DTYPES[spec.datatype]
    if dtype.hasobject:
        return _shaped(_lengthy_strings(part, spec.name), tensor)
    if len(part) != (size := prod(tensor.shape) * dtype.itemsize):
        raise RefusedInputError(
            f"input {spec.name} of the shape {tensor.shape} has {size} bytes, and `{BINARY}` is {len(part)}"
        )
    return np.frombuffer(part, dtype).reshape(tensor.shape)


def _lengthy_strings(part: memoryview, name: str) -> Array:
    """Strings, each behind its length."""
    try:
        strings: Array = deserialize_bytes_tensor(bytes(part))
    except struct.error:
        raise RefusedInputError(f"the bytes of input {name} are no strings with their lengths") from None
    return strings


def _numbers(data: object, spec: TensorSpec, rule: str) -> Array:
    return typed(as_array(data, rule), spec.datatype, rule)


def _strings(data: object, rule: str) -> Array:
    texts = np.array(data, np.object_).ravel().tolist()
    if not all(isinstance(text, str) for text in texts):
        raise RefusedInputError(f"{rule}: strings alone")
    return np.array([text.encode() for text in texts], np.object_)


def _shaped(array: Array, tensor: RequestInput) -> Array:
    if array.size != prod(tensor.shape):
        raise RefusedInputError(
            f"input {tensor.name} has {array.size} elements, "
            f"and its shape {tensor.shape} has {prod(tensor.shape)}"
        )
    return array.reshape(tensor.shape)


def _check_sizes(graph: Manifest, inputs: dict[str, Array]) -> None:
    """What the shapes have to do with one another, and with the model's limits."""
    shapes = {name: array.shape for name, array in inputs.items()}
    if graph.max_batch_size:
        (rows, *others) = {shape[0] for shape in shapes.values()}
        if others:
            raise RefusedInputError(f"the inputs must have equally many rows, and have {_told(shapes)}")
        if rows > graph.max_batch_size:
            raise RefusedInputError(f"{rows} rows were sent; model {graph.name} takes {graph.max_batch_size}")
    if graph.tokenizer is not None:
        (shape, *unequal) = set(shapes.values())
        if unequal:
            raise RefusedInputError(f"the inputs must have one shape, and have {_told(shapes)}")
        if shape[1] > graph.tokenizer.max_length:
            raise RefusedInputError(
                f"rows of {shape[1]} tokens were sent; model {graph.name} reads {graph.tokenizer.max_length}"
            )


def _told(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())


def _kind(spec: TensorSpec) -> str:
    return f"{spec.datatype} of the shape {list(spec.shape)}"


def wanted(message: Message, graph: Manifest) -> Sequence[str]:
    """Names of the outputs that are wanted.

    Raises:
        RefusedInputError: the graph has no such output, or it is wanted in a way that is not offered.

    """
    names = [spec.name for spec in graph.outputs]
    asked = message.request.outputs
    for output in asked:
        if output.name not in names:
            raise RefusedInputError(
                f"model {graph.name} has no output {output.name}: it has {', '.join(names)}"
            )
        for parameter in ("classification", SHARED_MEMORY):
            if output.parameters.get(parameter):
                raise RefusedInputError(f"`{parameter}` of output {output.name} is not offered here")
    return list(dict.fromkeys(output.name for output in asked)) or names
