"""Opens graphs with OpenVINO, for the backends `openvino` and `openvino_packed`.

Of a model's parameters they read what the vendor's native backend `openvino` reads: `HINT_BF16` and those in
`PASSED_ON`. Unless `HINT_BF16` is `YES` they compute in f32, also on CPUs where OpenVINO would choose bf16;
the native backend leaves that choice to OpenVINO.
"""

from typing import Any

import openvino

from model_repository.backends.graph import Graph

PASSED_ON = {"INFERENCE_NUM_THREADS", "COMPILATION_NUM_THREADS", "NUM_STREAMS", "PERFORMANCE_HINT"}


def compile_graph(graph: Graph) -> openvino.CompiledModel:
    """Read and compile a graph for the CPU."""
    bf16 = graph.parameters.get("HINT_BF16", "").upper() == "YES"
    properties: dict[str, Any] = {key: value for key, value in graph.parameters.items() if key in PASSED_ON}
    properties["INFERENCE_PRECISION_HINT"] = "bf16" if bf16 else "f32"
    properties["ENABLE_CPU_PINNING"] = False  # stubs of several models would all pin the same first cores
    return openvino.Core().compile_model(graph.path, "CPU", properties)
