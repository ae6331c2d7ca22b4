"""The tensors of a graph that takes and gives plain numbers: as `config.json` declares them, or the graph."""

from collections.abc import Sequence

import onnx

from converters.given.graph import inputs_of
from converters.results import Signature
from converters.spec import ConversionError
from model_repository.manifest import TensorSpec
from model_repository.tensors import DTYPES

NUMBERS = tuple(name for name, dtype in DTYPES.items() if not dtype.hasobject)
"""Datatypes that can be served so."""

DECLARE = 'Declare it in config.json as {"name": "x", "datatype": "FP32", "shape": [-1, 4]}.'


def signature_of(model: onnx.ModelProto, declared: Signature | None) -> Signature:
    """What is declared, or else what the graph says of itself.

    Sizes that the graph leaves open may be declared, and outputs that nobody needs left out.

    Raises:
        ConversionError: both do not agree, or the graph says too little; names the tensor.

    """
    inputs, outputs = inputs_of(model), list(model.graph.output)
    if declared is None:
        signature = Signature(inputs=tuple(map(_own, inputs)), outputs=tuple(map(_own, outputs)))
    else:
        signature = declared
        _compare("input", declared.inputs, inputs)
        _compare("output", declared.outputs, outputs)
        names = {spec.name for spec in declared.inputs}
        if missing := [value.name for value in inputs if value.name not in names]:
            raise ConversionError(f"config.json lacks the input {missing[0]} of the graph", hint=DECLARE)
    if not signature.inputs or not signature.outputs:
        raise ConversionError("the graph takes or gives nothing", hint="It needs an input and an output.")
    return signature


def _compare(role: str, declared: Sequence[TensorSpec], values: Sequence[onnx.ValueInfoProto]) -> None:
    found = {value.name: value for value in values}
    if len({spec.name for spec in declared}) < len(declared):
        raise ConversionError(f"config.json declares an {role} twice", hint="Declare each once.")
    for spec in declared:
        if spec.name not in found:
            raise ConversionError(
                f"the graph has no {role} {spec.name}", hint=f"It has {', '.join(found) or 'none'}."
            )
        own = found[spec.name]
        if spec.datatype != (datatype := _datatype(own)):
            raise ConversionError(
                f"the {role} {spec.name} is {datatype}, and config.json says {spec.datatype}",
                hint=f"Declare {datatype}.",
            )
        if not spec.shape or any(size < 1 and size != -1 for size in spec.shape):
            raise ConversionError(
                f"the {role} {spec.name} is declared with the shape {list(spec.shape)}",
                hint="Declare one number an axis, at least one: the size, or -1 where it varies.",
            )
        shape = _shape(own)
        if shape is not None and not _fits(spec.shape, shape):
            raise ConversionError(
                f"the {role} {spec.name} has the shape {list(shape)}, "
                f"and config.json says {list(spec.shape)}",
                hint=f"Declare {list(shape)}; where it has -1 a size may stand.",
            )


def _fits(declared: tuple[int, ...], own: tuple[int, ...]) -> bool:
    return len(declared) == len(own) and all(
        size in (-1, wanted) for wanted, size in zip(declared, own, strict=True)
    )


def _own(value: onnx.ValueInfoProto) -> TensorSpec:
    datatype, shape = _datatype(value), _shape(value)
    if shape is None:
        raise ConversionError(f"the graph does not say the shape of {value.name}", hint=DECLARE)
    if not shape:
        raise ConversionError(
            f"{value.name} is a number without axes", hint="Export it with one, as a list of one number."
        )
    return TensorSpec(name=value.name, datatype=datatype, shape=shape)


def _datatype(value: onnx.ValueInfoProto) -> str:
    kind = value.type.tensor_type.elem_type if value.type.HasField("tensor_type") else 0
    known = {onnx.helper.np_dtype_to_tensor_dtype(DTYPES[name]): name for name in NUMBERS}
    if kind not in known:
        raise ConversionError(
            f"{value.name} is no tensor of numbers",
            hint=f"Numbers are {', '.join(NUMBERS)}. Leave an output that nobody needs undeclared.",
        )
    return known[kind]


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...] | None:
    """Sizes of the axes, -1 where they vary; None where not even their number is told."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return tuple(axis.dim_value if axis.dim_value > 0 else -1 for axis in tensor.shape.dim)
