"""The plain graph with int8 weights and activations, as pairs of quantising and dequantising nodes.

TensorRT reads the scales from the graph, so they are found here: each activation's largest magnitude over all
samples. A scale is symmetric because its int8 products know no zero point.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from converters.tensorrt.retyping import PRODUCTS
from converters.tensors import Tensors

OPTIONS = {
    "ActivationSymmetric": True,
    "WeightSymmetric": True,
    "QuantizeBias": False,
    "DedicatedQDQPair": True,
    "OpTypesToExcludeOutputQuantization": sorted(PRODUCTS),
}


def quantise(plain: Path, target: Path, samples: Iterable[Tensors]) -> None:
    """Write the graph with the products of its weights in int8; attention, which has none, keeps its type."""
    graph = onnx.load(plain, load_external_data=False).graph
    weights = {tensor.name for tensor in graph.initializer}
    quantize_static(
        plain,
        target,
        _Samples(samples),
        quant_format=QuantFormat.QDQ,
        nodes_to_quantize=[
            node.name
            for node in graph.node
            if node.op_type in PRODUCTS and not weights.isdisjoint(node.input)
        ],
        per_channel=True,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
        use_external_data_format=len(list(plain.parent.iterdir())) > 1,
        extra_options=OPTIONS,
    )


class _Samples(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is not analysed
    def __init__(self, samples: Iterable[Tensors]) -> None:
        self._rest: Iterator[Tensors] = iter(samples)

    def get_next(self) -> Tensors | None:
        """The next batch, None behind the last."""
        return next(self._rest, None)
