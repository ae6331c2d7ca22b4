"""The graph that was given: found in the folder, and checked for what no host should open."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
from onnx.external_data_helper import ExternalDataInfo

from converters.causes import first_line
from converters.spec import ConversionError

PREFERRED = ("model.onnx", "onnx/model.onnx")
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Sets of operators that ONNX Runtime has built in."""


def has_graph(source: Path) -> bool:
    """Whether a folder's weights are those of an ONNX graph, and of nothing that could be exported."""
    weights = any(path.suffix in (".safetensors", ".gguf") for path in source.rglob("*"))
    return not weights and any(source.rglob("*.onnx"))


def find_graph(source: Path) -> Path:
    """Path of the one graph.

    Raises:
        ConversionError: there are several.

    """
    found = sorted(path.relative_to(source).as_posix() for path in source.rglob("*.onnx"))
    chosen = next((name for name in PREFERRED if name in found), found[0] if len(found) == 1 else None)
    if chosen is None:
        raise ConversionError(
            f"the source holds {len(found)} graphs: {', '.join(found[:5])}",
            hint="Leave one of them, or call it model.onnx.",
        )
    return source / chosen


def read_graph(path: Path) -> onnx.ModelProto:
    """The graph without its weights, after the checks.

    Raises:
        ConversionError: it is damaged, needs files outside of its folder or operators of somebody's own.

    """
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:
        raise ConversionError(
            f"{path.name} is no ONNX graph: {first_line(str(error))}", hint="Export the model again."
        ) from error
    graphs = (model.graph, *model.functions)
    for tensor in (tensor for graph in graphs for tensor in _tensors(graph)):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            _check_place(path, tensor)
    own = DOMAINS | {function.domain for function in model.functions}
    for node in (node for graph in graphs for node in _nodes(graph)):
        if node.domain not in own:
            raise ConversionError(
                f"{path.name} uses the operator {node.op_type} of {node.domain}, which no engine here has",
                hint="Export the model with operators of ONNX alone.",
            )
    return model


def inputs_of(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """What callers give; older graphs list their weights among the inputs."""
    weights = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in weights]


def _check_place(path: Path, tensor: onnx.TensorProto) -> None:
    try:
        location = ExternalDataInfo(tensor).location
    except ValueError as error:
        raise ConversionError(
            f"{path.name} does not say where its weights {tensor.name} lie: {first_line(str(error))}",
            hint="Export the model again.",
        ) from error
    place = path.parent / location
    inside = not Path(location).is_absolute() and ".." not in Path(location).parts and "\0" not in location
    if not inside or place.is_symlink() or not place.is_file():
        raise ConversionError(
            f"the weights {tensor.name} lie in {location!r}, which is no file of the model's own folder",
            hint="Put the file beside the graph, and export with a plain file name.",
        )


def _nodes(graph: onnx.GraphProto | onnx.FunctionProto) -> Iterator[onnx.NodeProto]:
    """All nodes, those of loops and branches too."""
    for node in graph.node:
        yield node
        for inner in _inner(node):
            yield from _nodes(inner)


def _tensors(graph: onnx.GraphProto | onnx.FunctionProto) -> Iterator[onnx.TensorProto]:
    """All that may lie in files: weights, and constants wherever they stand."""
    if isinstance(graph, onnx.GraphProto):
        yield from graph.initializer
        yield from _parts(graph.sparse_initializer)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            yield from _parts((attribute.sparse_tensor, *attribute.sparse_tensors))
        for inner in _inner(node):
            yield from _tensors(inner)


def _parts(tensors: Iterable[onnx.SparseTensorProto]) -> Iterator[onnx.TensorProto]:
    for tensor in tensors:
        yield from (tensor.values, tensor.indices)


def _inner(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        yield from attribute.graphs
        if attribute.HasField("g"):
            yield attribute.g
