"""What the backends `tensorrt` and `tensorrt_rtx` have in common: a plan as a Triton model on one GPU."""

from importlib import import_module
from pathlib import Path
from typing import Any

import triton_python_backend_utils as pb_utils

from model_repository.backends.device import compute_capability
from model_repository.backends.graph import Graph
from model_repository.backends.merging import merge
from model_repository.backends.plan_runner import PlanRunner

KERNELS = Path("~/.cache/trireme/tensorrt")


class PlanModel:
    """One instance of a model."""

    library: str
    """Module of the flavour of TensorRT."""

    def initialize(self, args: dict[str, str]) -> None:
        """Open the plan, if it was built for this GPU and this version of TensorRT."""
        graph = Graph.of(args)
        device = int(args["model_instance_device_id"])
        tensorrt = import_module(self.library)
        built = [graph.parameters.get(f"plan_{name}") for name in ("version", "compute_capability")]
        here = [tensorrt.__version__, compute_capability(device)]
        if all(built) and built != here:
            raise pb_utils.TritonModelException(
                f"the plan was built for {self.library} {' '.join(map(str, built))}, "
                f"and here is {' '.join(here)}: build the model again"
            )
        key = graph.parameters.get("plan_key")
        kernels = KERNELS.expanduser() / f"{key}.cache" if key else None
        self._runner = PlanRunner(tensorrt, graph.path, device=device, kernels=kernels)

    def execute(self, requests: list[Any]) -> list[Any]:
        """One response a request, in order."""
        return merge(requests, self._runner.run)

    def finalize(self) -> None:
        """Free the GPU."""
        self._runner.close()
