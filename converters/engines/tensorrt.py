"""TensorRT on a GPU of this host, through the code that its Triton backend runs."""

from pathlib import Path

from converters.tensorrt import flavours
from converters.tensors import Tensors
from model_repository.layout import MODEL_FILES
from model_repository.manifest import EngineSpec


class Session:
    """An open plan."""

    def __init__(self, engine: EngineSpec, folder: Path) -> None:
        # Imported here, because it needs CUDA's bindings, and hosts without a GPU do without them.
        from model_repository.backends.plan_runner import PlanRunner  # noqa: PLC0415

        self._runner = PlanRunner(flavours.module(engine.engine), folder / MODEL_FILES[engine.engine])

    def run(self, inputs: Tensors, outputs: tuple[str, ...]) -> Tensors:
        """These outputs for a batch."""
        return self._runner.run(dict(inputs), list(outputs))
