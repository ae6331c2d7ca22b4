"""Optimise: graphs with fused operators, with int8 weights, and for texts that are packed without padding."""

import logging
from collections.abc import Callable
from pathlib import Path

import onnx
import onnx_ir
from onnx_ir.passes.common import LiftConstantsToInitializersPass
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.registry import IntegerOpsRegistry
from transformers.exporters.onnxruntime_fusions import fuse_for_onnxruntime

from converters.causes import in_one_line
from converters.engines.onnxruntime import save
from converters.messages import Progress
from converters.packing import write_packed
from converters.results import Optimised, Variant, Variants
from converters.spec import BuildSpec, ConversionError, Stage
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository.layout import MODEL_FILES
from model_repository.manifest import Engine

FILE = MODEL_FILES[Engine.ONNXRUNTIME]

QUANTISED = sorted(IntegerOpsRegistry.keys() - {"Conv"})
"""Convolutions take five times as long in int8 as in fp32: PP-OCRv4's detection on two cores."""

logger = logging.getLogger(__name__)


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Optimised:
    """Write `fp32/`, `int8/` and, of texts, `packed/`; one that fails only shortens the choice."""
    works = each_part(spec, workspace, folder, progress)
    return Optimised(parts={work.part.name: _optimise(work) for work in works})


def _optimise(work: Work) -> Variants:
    work.folder.mkdir()
    work.progress(10, "fusing operators")
    fp32 = variant(_fuse, work, "fp32")
    work.progress(60, "quantising weights to int8")
    int8 = variant(quantise, work, "int8")
    if work.part.tokenizer is None or not work.spec.packing:
        return Variants(fp32=fp32, int8=int8)
    work.progress(80, "packing texts")
    packed = variant(lambda _plain, target: write_packed(work, target), work, "packed")
    return Variants(fp32=fp32, int8=int8, packed=packed)


def variant(make: Callable[[Path, Path], None], work: Work, name: str) -> Variant:
    """Make one graph from the exported one; a failure is a value."""
    folder = work.folder / name
    folder.mkdir()
    try:
        make(work.of(Stage.EXPORT) / FILE, folder / FILE)
    except Exception as error:
        logger.warning(
            "%s could not be made: %s", name, error, exc_info=not isinstance(error, ConversionError)
        )
        return Variant(error=in_one_line(error))
    return Variant(folder=name)


def _fuse(plain: Path, target: Path) -> None:
    model = onnx_ir.external_data.load_to_model(onnx_ir.load(plain))
    fuse_for_onnxruntime(model, "cpu")
    save(onnx_ir.to_proto(model), target)


def quantise(plain: Path, target: Path) -> None:
    """Write the graph with int8 weights where it multiplies by matrices.

    Raises:
        ConversionError: there are none.

    """
    model = onnx_ir.external_data.load_to_model(onnx_ir.load(plain))
    LiftConstantsToInitializersPass()(model)  # the quantiser looks for weights nowhere else
    graph = onnx_ir.to_proto(model)
    # Exporters note the shapes of weights, too; they are wrong once the quantiser has transposed some.
    graph.graph.ClearField("value_info")
    # One scale a column: MiniLM's worst cosine is 0.98 with it and 0.90 with one scale a matrix.
    quantize_dynamic(
        graph,
        target,
        op_types_to_quantize=QUANTISED,
        weight_type=QuantType.QInt8,
        per_channel=True,
        use_external_data_format=len(list(plain.parent.iterdir())) > 1,
    )
    weights = onnx.load(target, load_external_data=False).graph.initializer
    if all(weight.data_type != onnx.TensorProto.INT8 for weight in weights):
        raise ConversionError("the graph has no weights that ONNX Runtime could take in int8")
