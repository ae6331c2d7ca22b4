"""A stand-in for the parity gate without a GPU: a plan's arithmetic, imitated by ONNX Runtime on the CPU.

It finds a precision that the model does not bear, before anything is built. It is no proof of the plan, whose
kernels add up in another order; that needs a GPU.
"""

from pathlib import Path

import onnxruntime

from converters.tensors import Tensors


class ProxySession:
    """An imitated graph, run node by node as it is written: an optimiser would take the rounding out."""

    def __init__(self, imitation: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(imitation), options, providers=["CPUExecutionProvider"]
        )

    def run(self, inputs: Tensors, outputs: tuple[str, ...]) -> Tensors:
        """These outputs for a batch."""
        return dict(zip(outputs, self._session.run(list(outputs), dict(inputs)), strict=True))
