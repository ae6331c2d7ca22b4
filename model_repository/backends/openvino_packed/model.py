"""Triton backend `openvino_packed`: runs `<version>/model.xml`, a packed graph, with OpenVINO on the CPU.

Callers send padded batches and get the answers of a plain graph: the packing is done here. Of the model's
parameters it reads what the backend `openvino` reads.
"""

from typing import Any

from model_repository.backends.graph import Graph
from model_repository.backends.merging import merge
from model_repository.backends.openvino_model import compile_graph
from model_repository.backends.packed_runner import PackedRunner


class TritonPythonModel:
    """One instance of a model."""

    def initialize(self, args: dict[str, str]) -> None:
        """Read and compile the graph."""
        self._runner = PackedRunner(compile_graph(Graph.of(args)))

    def execute(self, requests: list[Any]) -> list[Any]:
        """One response a request, in order."""
        return merge(requests, self._runner.run)
