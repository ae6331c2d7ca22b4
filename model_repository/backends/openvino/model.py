"""Triton backend `openvino`: runs `<version>/model.xml` with OpenVINO on the CPU.

Of the model's parameters it reads what the vendor's native backend of that name reads: `HINT_BF16` and those
in `PASSED_ON`. Unless `HINT_BF16` is `YES` it computes in f32, also on CPUs where OpenVINO would choose bf16;
the native backend leaves that choice to OpenVINO.
"""

from typing import Any

import openvino

from model_repository.backends.graph import Graph
from model_repository.backends.merging import Tensors, merge

PASSED_ON = {"INFERENCE_NUM_THREADS", "COMPILATION_NUM_THREADS", "NUM_STREAMS", "PERFORMANCE_HINT"}


class TritonPythonModel:
    """One instance of a model."""

    def initialize(self, args: dict[str, str]) -> None:
        """Read and compile the graph."""
        graph = Graph.of(args)
        bf16 = graph.parameters.get("HINT_BF16", "").upper() == "YES"
        properties: dict[str, Any] = {
            key: value for key, value in graph.parameters.items() if key in PASSED_ON
        }
        properties["INFERENCE_PRECISION_HINT"] = "bf16" if bf16 else "f32"
        properties["ENABLE_CPU_PINNING"] = False  # stubs of several models would all pin the same first cores
        compiled = openvino.Core().compile_model(graph.path, "CPU", properties)
        self._request = compiled.create_infer_request()

    def execute(self, requests: list[Any]) -> list[Any]:
        """One response a request, in order."""
        return merge(requests, self._run)

    def _run(self, inputs: Tensors, outputs: list[str]) -> Tensors:
        self._request.infer(inputs, share_inputs=True, share_outputs=True)
        return {name: self._request.get_tensor(name).data.copy() for name in outputs}
