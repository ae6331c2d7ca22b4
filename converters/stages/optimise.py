"""Optimise: graphs for ONNX Runtime, one with its fused operators and one with int8 weights."""

import logging
from collections.abc import Callable
from pathlib import Path

import onnx_ir
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers.exporters.onnxruntime_fusions import fuse_for_onnxruntime

from converters.causes import first_line
from converters.messages import Progress
from converters.results import Exported, Optimised, Variant
from converters.spec import BuildSpec, Stage
from converters.workspace import Workspace

logger = logging.getLogger(__name__)


def run(_spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Optimised:
    """Write `fp32.onnx` and `int8.onnx`; one that cannot be made only shortens the list of candidates."""
    workspace.result(Stage.EXPORT, Exported)
    plain = workspace.folder(Stage.EXPORT) / "model.onnx"
    progress(10, "fusing operators")
    fp32 = _variant(_fuse, plain, folder / "fp32.onnx")
    progress(60, "quantising weights to int8")
    int8 = _variant(_quantise, plain, folder / "int8.onnx")
    return Optimised(fp32=fp32, int8=int8)


def _variant(make: Callable[[Path, Path], None], plain: Path, target: Path) -> Variant:
    try:
        make(plain, target)
    except Exception as error:
        logger.exception("%s could not be made", target.name)
        return Variant(error=first_line(f"{type(error).__name__}: {error}"))
    return Variant(file=target.name)


def _fuse(plain: Path, target: Path) -> None:
    model = onnx_ir.load(plain)
    fuse_for_onnxruntime(model, "cpu")
    onnx_ir.save(model, target)


def _quantise(plain: Path, target: Path) -> None:
    # One scale a column: MiniLM's worst cosine is 0.98 with it and 0.90 with one scale a matrix.
    quantize_dynamic(plain, target, weight_type=QuantType.QInt8, per_channel=True)
