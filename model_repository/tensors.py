"""Numpy arrays as KServe v2 messages and back, as raw bytes: the form that costs least."""

from collections.abc import Mapping, Sequence

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


def infer_request(entry: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> ModelInferRequest:
    """Request that asks `entry` for these outputs only.

    Args:
        inputs: by tensor name, batch axis first.

    Raises:
        InferenceError: an array's type cannot travel.

    """
    request = ModelInferRequest(model_name=entry)
    for name, array in inputs.items():
        datatype = DATATYPES.get(array.dtype)
        if datatype is None:
            raise InferenceError(f"input {name} has the type {array.dtype}, which cannot be sent")
        request.inputs.add(name=name, datatype=datatype, shape=array.shape)
        request.raw_input_contents.append(_to_bytes(array))
    for name in outputs:
        request.outputs.add(name=name)
    return request


def read_outputs(response: ModelInferResponse) -> dict[str, Array]:
    """Outputs by name: read-only views of the response's bytes, nothing but BYTES is copied.

    Raises:
        InferenceError: an output has a type that this does not read.

    """
    outputs: dict[str, Array] = {}
    for tensor, raw in zip(response.outputs, response.raw_output_contents, strict=True):
        dtype = DTYPES.get(tensor.datatype)
        if dtype is None:
            raise InferenceError(f"output {tensor.name} has the type {tensor.datatype}, which cannot be read")
        flat = deserialize_bytes_tensor(raw) if dtype.hasobject else np.frombuffer(raw, dtype)
        outputs[tensor.name] = flat.reshape(tensor.shape)
    return outputs


def _to_bytes(array: Array) -> bytes:
    if not array.dtype.hasobject:
        return array.tobytes()
    return serialize_byte_tensor(array).item() if array.size else b""
