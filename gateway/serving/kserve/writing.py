"""An answer as the protocol has it: JSON, with the outputs that are wanted so as bytes behind it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from tritonclient.utils import serialize_byte_tensor

from gateway.serving.kserve.messages import InferRequest
from model_repository.errors import InferenceError
from model_repository.tensors import DATATYPES, Array


@dataclass(frozen=True, slots=True)
class Written:
    """A body.

    Attributes:
        json_bytes: of it that are JSON; None where all of them are.

    """

    body: bytes
    json_bytes: int | None


def write(request: InferRequest, model: str, version: int, outputs: dict[str, Array]) -> Written:
    """The answer to a request.

    Raises:
        InferenceError: an output that is wanted as JSON holds what JSON cannot.

    """
    every = request.parameters.get("binary_data_output") is True
    binary = {one.name: one.parameters.get("binary_data", every) is True for one in request.outputs}
    described: list[dict[str, Any]] = []
    parts: list[bytes] = []
    for name, array in outputs.items():
        datatype = DATATYPES[array.dtype]
        head = {"name": name, "datatype": datatype, "shape": list(array.shape)}
        if binary.get(name, every):
            parts.append(_bytes(array))
            described.append({**head, "parameters": {"binary_data_size": len(parts[-1])}})
        else:
            described.append({**head, "data": _elements(name, array)})
    answer = {"model_name": model, "model_version": str(version), "outputs": described}
    if request.id:
        answer["id"] = request.id
    text = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
    return Written(b"".join((text, *parts)), len(text) if parts else None)


def _bytes(array: Array) -> bytes:
    if not array.dtype.hasobject:
        return array.tobytes()
    return serialize_byte_tensor(array).item() if array.size else b""


def _elements(name: str, array: Array) -> Array | list[str]:
    """Flat, in row-major order."""
    flat = np.ascontiguousarray(array).ravel()
    try:
        if flat.dtype.hasobject:
            return [element.decode() for element in flat]
    except UnicodeDecodeError:
        raise _unwritable(name, "bytes that are no text") from None
    if flat.dtype.kind == "f" and not np.isfinite(flat).all():
        raise _unwritable(name, "NaN or Inf")
    return flat.astype(np.float32) if flat.dtype == np.float16 else flat


def _unwritable(name: str, what: str) -> InferenceError:
    return InferenceError(
        f"the output {name} holds {what}, which JSON cannot", hint="Ask for it with `binary_data`."
    )
