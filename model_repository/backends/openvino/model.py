"""Triton backend `openvino`: runs `<version>/model.xml` with OpenVINO on the CPU; see `openvino_model`."""

from typing import Any

from model_repository.backends.graph import Graph
from model_repository.backends.merging import Tensors, merge
from model_repository.backends.openvino_model import compile_graph


class TritonPythonModel:
    """One instance of a model."""

    def initialize(self, args: dict[str, str]) -> None:
        """Read and compile the graph."""
        self._request = compile_graph(Graph.of(args)).create_infer_request()

    def execute(self, requests: list[Any]) -> list[Any]:
        """One response a request, in order."""
        return merge(requests, self._run)

    def _run(self, inputs: Tensors, outputs: list[str]) -> Tensors:
        self._request.infer(inputs, share_inputs=True, share_outputs=True)
        return {name: self._request.get_tensor(name).data.copy() for name in outputs}
