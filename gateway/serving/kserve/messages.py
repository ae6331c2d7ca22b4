"""The protocol's JSON: what a request and its answer look like."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

Parameters = dict[str, Any]

Size = Annotated[int, Meta(ge=0)]


class RequestInput(msgspec.Struct, frozen=True, kw_only=True):
    """A tensor: its elements in `data`, or `binary_data_size` bytes of them behind the JSON."""

    name: Annotated[str, Meta(description="the name of an input")]
    shape: Annotated[list[Size], Meta(description="a list of sizes, one an axis")]
    datatype: Annotated[str, Meta(description="a datatype such as `INT64`, `FP32` or `BYTES`")]
    data: Annotated[Any, Meta(description="the elements, flat or in nested lists")] = msgspec.UNSET
    parameters: Annotated[Parameters, Meta(description="an object")] = {}


class RequestedOutput(msgspec.Struct, frozen=True, kw_only=True):
    """An output that is wanted, with `binary_data` as bytes."""

    name: Annotated[str, Meta(description="the name of an output")]
    parameters: Annotated[Parameters, Meta(description="an object")] = {}


class InferRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs, and which outputs are wanted: all of them by default."""

    inputs: Annotated[list[RequestInput], Meta(description="a list of tensors")]
    outputs: Annotated[list[RequestedOutput], Meta(description="a list of outputs")] = []
    id: Annotated[str, Meta(description="a string")] = ""
    parameters: Annotated[Parameters, Meta(description="an object")] = {}


class InferResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Outputs by name."""

    model_name: str
    model_version: str
    outputs: list[RequestInput]
    id: str = ""
