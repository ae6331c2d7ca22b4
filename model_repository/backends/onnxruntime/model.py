"""Triton backend `onnxruntime`: runs `<version>/model.onnx` with ONNX Runtime on the CPU.

Of the model's parameters it reads what the vendor's native backend of that name reads: the numbers of threads
`intra_op_thread_count` and `inter_op_thread_count` (0 leaves the choice to the engine), and `execution_mode`
(1 runs branches of the graph in parallel).
"""

from typing import Any

import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from model_repository.backends.graph import Graph
from model_repository.backends.merging import Tensors, merge


class TritonPythonModel:
    """One instance of a model."""

    def initialize(self, args: dict[str, str]) -> None:
        """Open the graph."""
        graph = Graph.of(args)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(graph.parameters.get("intra_op_thread_count", 0))
        options.inter_op_num_threads = int(graph.parameters.get("inter_op_thread_count", 0))
        if graph.parameters.get("execution_mode") == "1":
            options.execution_mode = onnxruntime.ExecutionMode.ORT_PARALLEL
        self._session = onnxruntime.InferenceSession(graph.path, options, providers=["CPUExecutionProvider"])

    def execute(self, requests: list[Any]) -> list[Any]:
        """One response a request, in order."""
        return merge(requests, self._run, InvalidArgument)

    def _run(self, inputs: Tensors, outputs: list[str]) -> Tensors:
        return dict(zip(outputs, self._session.run(outputs, inputs), strict=True))
