"""Export: the original as plain ONNX graphs, one a part, with dynamic batch and length."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import onnx_ir
import torch
from transformers.exporters import OnnxExporter
from transformers.exporters.exporter_onnx import OnnxConfig

from converters.causes import first_line
from converters.engines.onnxruntime import save
from converters.families.registry import GRAPH_FAMILIES
from converters.messages import Progress
from converters.results import Exported, Graph
from converters.samples import sampler_of
from converters.spec import BuildSpec, ConversionError
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository.layout import MODEL_FILES
from model_repository.manifest import Engine, TensorSpec
from model_repository.tensors import DATATYPES

OPSET = 20
IR_VERSION = 10
"""What ONNX Runtime 1.18 and later read, and with it the servers of the last years."""

logger = logging.getLogger(__name__)

Inputs = dict[str, torch.Tensor]
Exporter = Callable[[torch.nn.Module, Inputs], onnx_ir.Model]


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Exported:
    """Write `model.onnx` of every part by the first rung of the ladder that works."""
    works = each_part(spec, workspace, folder, progress)
    return Exported(parts={work.part.name: _export(work) for work in works})


def _export(work: Work) -> Graph:
    work.folder.mkdir()
    work.progress(5, "loading the original")
    model = GRAPH_FAMILIES[work.facts.family].load(work.source, work.facts, work.part)
    batch = sampler_of(work.part, work.tokenizer).sample()
    sample = {name: torch.from_numpy(array) for name, array in batch.items()}
    failures = []
    for name, export in LADDER.items():
        work.progress(25, f"exporting through {name}")
        try:
            program = export(model, sample)
        except Exception as error:
            logger.exception("%s failed", name)
            failures.append(f"{name}: {first_line(str(error)) or type(error).__name__}")
            continue
        work.progress(90, "writing the graph")
        inputs, outputs = write(program, work.folder / MODEL_FILES[Engine.ONNXRUNTIME])
        return Graph(exporter=name, inputs=inputs, outputs=outputs)
    raise ConversionError(
        f"the architecture {work.facts.architecture} cannot be exported ({'; '.join(failures)})",
        hint="See the log of the stage; most encoders of transformers can be exported.",
    )


def by_transformers(model: torch.nn.Module, sample: Inputs) -> onnx_ir.Model:
    """Export with all axes dynamic that a sample's names promise."""
    shapes = _shapes(sample, (torch.export.Dim.AUTO, torch.export.Dim.AUTO))
    config = OnnxConfig(dynamic=True, dynamic_shapes=shapes, opset_version=OPSET)
    program: onnx_ir.Model = OnnxExporter().export(model, sample, config=config).program
    return program


def _by_torch(model: torch.nn.Module, sample: Inputs) -> onnx_ir.Model:
    shapes = _shapes(sample, (torch.export.Dim("batch"), torch.export.Dim("length")))
    with torch.no_grad():
        outputs = list(model(**sample))
        exported = torch.onnx.export(
            model,
            kwargs=sample,
            dynamic_shapes=shapes,
            output_names=outputs,
            opset_version=OPSET,
            dynamo=True,
        )
    program: onnx_ir.Model = exported.model
    return program


LADDER: dict[str, Exporter] = {"transformers.exporters": by_transformers, "torch.onnx": _by_torch}
"""From the one that knows most of the architecture to the one that knows least."""


def _shapes(sample: Inputs, axes: tuple[Any, Any]) -> dict[str, dict[int, Any]]:
    return {
        name: dict(enumerate(axes[: min(tensor.dim(), _dynamic_axes(name))]))
        for name, tensor in sample.items()
    }


def _dynamic_axes(name: str) -> int:
    """How many axes of an input are dynamic: batch and length, or only the batch of images."""
    return 1 if name == "pixel_values" else 2


def write(program: onnx_ir.Model, path: Path) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Weights inside where they fit, and axes that say what they are; inputs and outputs of the graph."""
    program.ir_version = IR_VERSION
    model = onnx_ir.to_proto(program)
    name_axes(model.graph)
    save(model, path)
    inputs = tuple(describe(value) for value in model.graph.input)
    return inputs, tuple(describe(value) for value in model.graph.output)


def name_axes(graph: onnx.GraphProto) -> None:
    """Call the dynamic axes of all tensors batch and length."""
    first = graph.input[0]
    axes = first.type.tensor_type.shape.dim[: _dynamic_axes(first.name)]
    known = zip(axes, ("batch", "length"), strict=False)
    names = {axis.dim_param: name for axis, name in known if axis.dim_param}
    for value in (*graph.input, *graph.output, *graph.value_info):
        for axis in value.type.tensor_type.shape.dim:
            if axis.dim_param.isdecimal():  # the exporter writes fixed axes of dynamic inputs as text
                axis.dim_value = int(axis.dim_param)
            elif axis.dim_param in names:
                axis.dim_param = names[axis.dim_param]


def describe(value: onnx.ValueInfoProto) -> TensorSpec:
    """A tensor at the graph's boundary; an axis without a size is dynamic."""
    kind = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
    shape = tuple(
        axis.dim_value if axis.HasField("dim_value") else -1 for axis in value.type.tensor_type.shape.dim
    )
    return TensorSpec(name=value.name, datatype=DATATYPES[kind], shape=shape)
