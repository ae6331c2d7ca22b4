"""The two graphs of one precision: the one that a plan is built from, and its imitation for the CPU."""

from collections.abc import Sequence
from pathlib import Path

import onnx

from converters.engines.onnxruntime import save
from converters.tensorrt.quantisation import quantise
from converters.tensorrt.retyping import retype
from converters.tensors import Tensors
from model_repository.manifest import Precision

OTHERS = Precision.FP16
"""What an int8 graph computes in where nothing is quantised."""


def write_graphs(
    plain: Path, precision: Precision, samples: Sequence[Tensors], typed: Path, imitation: Path
) -> None:
    """Write the typed graph of a precision and its imitation, each as a file of that path."""
    half, source = precision, plain
    if precision is Precision.INT8:
        half, source = OTHERS, imitation
        quantise(plain, imitation, samples)
    for target, imitate in ((typed, False), (imitation, True)):
        model = onnx.load(source)
        if half is not Precision.FP32:
            retype(model, half, imitate=imitate)
        save(model, target)
