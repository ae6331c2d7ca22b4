"""Export: the graphs as they were given; the one that reads also tells the likeliest characters by itself."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from converters.engines.onnxruntime import save
from converters.given.graph import read_graph
from converters.messages import Progress
from converters.ocr.kit import find_kit
from converters.results import Exported, Graph
from converters.spec import BuildSpec
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository.heads import Head, TextDetectionHead, TextRecognitionHead
from model_repository.layout import MODEL_FILES
from model_repository.manifest import Engine, TensorSpec

PAGES, LINES = 4, 16
"""Most rows of a request: the activations of a page take some 100 MB, those of a line read a tenth of it."""


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Exported:
    """Write `model.onnx` of every part."""
    works = each_part(spec, workspace, folder, progress)
    return Exported(parts={work.part.name: _export(work) for work in works})


def _export(work: Work) -> Graph:
    work.folder.mkdir()
    work.progress(10, "reading the graph")
    kit, signature = find_kit(work.source), work.part.signature
    assert kit is not None
    assert signature is not None
    model = read_graph(kit[work.part.name])
    if isinstance(work.part.head, TextRecognitionHead):
        _add_choice(model, work.part.head)
    for value, spec in zip(
        (*model.graph.input, *model.graph.output), (*signature.inputs, *signature.outputs), strict=True
    ):
        _name_axes(value, spec)
    save(model, work.folder / MODEL_FILES[Engine.ONNXRUNTIME])
    return Graph(
        exporter="given",
        inputs=signature.inputs,
        outputs=signature.outputs,
        max_batch_size=_most_rows(work.part.head),
    )


def _most_rows(head: Head) -> int:
    return PAGES if isinstance(head, TextDetectionHead) else LINES


def _add_choice(model: onnx.ModelProto, head: TextRecognitionHead) -> None:
    """Two numbers a step travel to the gateway, and not one for each of thousands of characters."""
    model.graph.node.extend(
        [
            helper.make_node("ArgMax", [head.output], [head.ids], axis=2, keepdims=0),
            helper.make_node("ReduceMax", [head.output], [head.scores], axes=[2], keepdims=0),
        ]
    )
    shape = ["batch", "steps"]
    model.graph.output.extend(
        [
            helper.make_tensor_value_info(head.ids, TensorProto.INT64, shape),
            helper.make_tensor_value_info(head.scores, TensorProto.FLOAT, shape),
        ]
    )


def _name_axes(value: onnx.ValueInfoProto, spec: TensorSpec) -> None:
    """Sizes as the signature has them: exporters of old left odd ones, such as -1 and a question mark."""
    axes = value.type.tensor_type.shape.dim
    for number, (axis, size) in enumerate(zip(axes, spec.shape, strict=True)):
        if size > 0:
            axis.dim_value = size
        else:
            axis.dim_param = f"{value.name}_{number}" if number else "batch"
