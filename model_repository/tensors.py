"""Numpy arrays as KServe v2 messages and back, as raw bytes: the form that costs least."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc.service_pb2 import ModelInferRequest, ModelInferResponse
from tritonclient.utils import deserialize_bytes_tensor, serialize_byte_tensor

from model_repository.errors import InferenceError

Array = NDArray[np.generic]

DTYPES: Mapping[str, np.dtype[np.generic]] = {
    "BOOL": np.dtype(np.bool_),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype(np.uint16),
    "UINT32": np.dtype(np.uint32),
    "UINT64": np.dtype(np.uint64),
    "FP16": np.dtype(np.float16),
    "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64),
    "BYTES": np.dtype(np.object_),
}
"""KServe v2 datatype name to numpy type; elements of BYTES are `bytes`."""

DATATYPES: Mapping[np.dtype[np.generic], str] = {dtype: name for name, dtype in DTYPES.items()}
"""The same the other way round."""

RAW_INPUT = bytes([ModelInferRequest.RAW_INPUT_CONTENTS_FIELD_NUMBER << 3 | 2])
"""What protobuf writes before the length and the bytes of one element of `raw_input_contents`."""


def infer_request(entry: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> bytes:
    """ModelInferRequest that asks `entry` for these outputs only, as it is sent.

    Tensors are copied once; within the message they would be copied three times.

    Args:
        inputs: by tensor name, batch axis first.

    Raises:
        InferenceError: an array's type cannot travel.

    """
    message = ModelInferRequest(model_name=entry)
    contents: list[bytes | memoryview] = []
    for name, array in inputs.items():
        message.inputs.add(name=name, datatype=_datatype(name, array), shape=array.shape)
        raw = _raw(array)
        contents += (RAW_INPUT, _varint(raw.nbytes), raw)
    for name in outputs:
        message.outputs.add(name=name)
    return b"".join((message.SerializeToString(), *contents))


def read_outputs(response: ModelInferResponse) -> dict[str, Array]:
    """Outputs by name: read-only views of the response's bytes, nothing but BYTES is copied.

    Raises:
        InferenceError: an output has a type that this does not read.

    """
    return {
        tensor.name: _array(tensor.name, tensor.datatype, tensor.shape, raw)
        for tensor, raw in zip(response.outputs, response.raw_output_contents, strict=True)
    }


class _Sizes(msgspec.Struct):
    binary_data_size: int


class _Output(msgspec.Struct):
    name: str
    datatype: str
    shape: list[int]
    parameters: _Sizes


class _Outputs(msgspec.Struct):
    outputs: list[_Output]


_read_head = msgspec.json.Decoder(_Outputs).decode


def infer_body(inputs: Mapping[str, Array], outputs: Sequence[str]) -> tuple[int, bytes]:
    """What `infer_request` has, as the body of an HTTP request after KServe's binary tensor data extension.

    Returns:
        How many bytes of the body are its head in JSON, and the body.

    Raises:
        InferenceError: an array's type cannot travel.

    """
    told: list[dict[str, object]] = []
    contents: list[memoryview] = []
    for name, array in inputs.items():
        raw = _raw(array)
        told.append(
            {
                "name": name,
                "datatype": _datatype(name, array),
                "shape": array.shape,
                "parameters": {"binary_data_size": raw.nbytes},
            }
        )
        contents.append(raw)
    wanted = [{"name": name, "parameters": {"binary_data": True}} for name in outputs]
    head = msgspec.json.encode({"inputs": told, "outputs": wanted})
    return len(head), b"".join((head, *contents))


def read_body(head: int, body: bytes) -> dict[str, Array]:
    """Outputs by name from an answer to `infer_body`, read-only.

    Args:
        head: how many bytes of the body are its head in JSON.

    Raises:
        InferenceError: this is no such answer, or an output has a type that this does not read.

    """
    found: dict[str, Array] = {}
    try:
        for tensor in _read_head(body[:head]).outputs:
            start, head = head, head + tensor.parameters.binary_data_size
            found[tensor.name] = _array(tensor.name, tensor.datatype, tensor.shape, body[start:head])
    except (msgspec.MsgspecError, ValueError) as error:
        raise InferenceError("the inference server's answer cannot be read") from error
    return found


def _datatype(name: str, array: Array) -> str:
    datatype = DATATYPES.get(array.dtype)
    if datatype is None:
        raise InferenceError(f"input {name} has the type {array.dtype}, which cannot be sent")
    return datatype


def _array(name: str, datatype: str, shape: Sequence[int], raw: bytes) -> Array:
    dtype = DTYPES.get(datatype)
    if dtype is None:
        raise InferenceError(f"output {name} has the type {datatype}, which cannot be read")
    flat: Array = deserialize_bytes_tensor(raw) if dtype.hasobject else np.frombuffer(raw, dtype)
    return flat.reshape(shape)


def _raw(array: Array) -> memoryview:
    """What travels of an array, without a copy where that is how it lies in memory."""
    if array.dtype.hasobject:
        return memoryview(serialize_byte_tensor(array).item() if array.size else b"")
    return np.ascontiguousarray(array).data


def _varint(number: int) -> bytes:
    """A length as protobuf writes it: seven bits a byte, the lowest first, all but the last one marked."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
