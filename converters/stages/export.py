"""Export: the original with its pooling as one plain ONNX graph with dynamic batch and length."""

import logging
from collections.abc import Callable
from pathlib import Path

import onnx
import onnx_ir
import torch
from transformers.exporters import OnnxExporter
from transformers.exporters.exporter_onnx import OnnxConfig

from converters.causes import first_line
from converters.messages import Progress
from converters.results import Exported, Inspected
from converters.samples import Sampler
from converters.spec import BuildSpec, ConversionError, Stage
from converters.tasks import FAMILIES
from converters.workspace import Workspace
from model_repository.manifest import TensorSpec
from model_repository.tensors import DATATYPES

OPSET = 20
IR_VERSION = 10
"""What ONNX Runtime 1.18 and later read, and with it the servers of the last years."""

logger = logging.getLogger(__name__)

Inputs = dict[str, torch.Tensor]
Exporter = Callable[[torch.nn.Module, Inputs], onnx_ir.Model]


def run(_spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Exported:
    """Write `model.onnx` by the first rung of the ladder that works."""
    facts = workspace.result(Stage.INSPECT, Inspected)
    progress(5, "loading the original")
    family = FAMILIES[facts.task]
    model = family.load(workspace.folder(Stage.FETCH), facts)
    sampler = Sampler(workspace.folder(Stage.INSPECT) / "tokenizer.json", facts)
    sample = {name: torch.from_numpy(array) for name, array in sampler.parity_batch(2, 9).items()}
    failures = []
    for name, export in LADDER.items():
        progress(25, f"exporting through {name}")
        try:
            program = export(model, sample)
        except Exception as error:
            logger.exception("%s failed", name)
            failures.append(f"{name}: {first_line(str(error)) or type(error).__name__}")
            continue
        progress(90, "writing the graph")
        inputs, outputs = _write(program, folder / "model.onnx")
        return Exported(exporter=name, answer=family.answer, inputs=inputs, outputs=outputs)
    raise ConversionError(
        f"the architecture {facts.architecture} cannot be exported ({'; '.join(failures)})",
        hint="See the log of the stage; most encoders of transformers can be exported.",
    )


def _by_transformers(model: torch.nn.Module, sample: Inputs) -> onnx_ir.Model:
    config = OnnxConfig(dynamic=True, opset_version=OPSET)
    program: onnx_ir.Model = OnnxExporter().export(model, sample, config=config).program
    return program


def _by_torch(model: torch.nn.Module, sample: Inputs) -> onnx_ir.Model:
    shapes = {name: {0: torch.export.Dim("batch"), 1: torch.export.Dim("length")} for name in sample}
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


LADDER: dict[str, Exporter] = {"transformers.exporters": _by_transformers, "torch.onnx": _by_torch}
"""From the one that knows most of the architecture to the one that knows least."""


def _write(program: onnx_ir.Model, path: Path) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """One file with the weights inside, and axes that say what they are; inputs and outputs of the graph."""
    program.ir_version = IR_VERSION
    graph = onnx_ir.to_proto(program)
    _name_axes(graph.graph)
    onnx.save(graph, path)
    inputs = tuple(_tensor(value) for value in graph.graph.input)
    return inputs, tuple(_tensor(value) for value in graph.graph.output)


def _name_axes(graph: onnx.GraphProto) -> None:
    first = graph.input[0].type.tensor_type.shape.dim
    names = {first[0].dim_param: "batch", first[1].dim_param: "length"}
    for value in (*graph.input, *graph.output, *graph.value_info):
        for axis in value.type.tensor_type.shape.dim:
            if axis.dim_param in names:
                axis.dim_param = names[axis.dim_param]


def _tensor(value: onnx.ValueInfoProto) -> TensorSpec:
    kind = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
    shape = tuple(-1 if axis.dim_param else axis.dim_value for axis in value.type.tensor_type.shape.dim)
    return TensorSpec(name=value.name, datatype=DATATYPES[kind], shape=shape)
