"""ONNX Runtime on the CPU."""

from pathlib import Path

import onnxruntime

from converters.tensors import Tensors
from model_repository.layout import MODEL_FILES
from model_repository.manifest import Engine, EngineSpec, Precision

ERRORS_ONLY = 3


def engine_spec(precision: Precision, threads: int) -> EngineSpec:
    """ONNX Runtime with this many threads; the options are the names that Triton's backend reads."""
    return EngineSpec(
        engine=Engine.ONNXRUNTIME, precision=precision, options={"intra_op_thread_count": str(threads)}
    )


class Session:
    """A loaded ONNX file."""

    def __init__(self, engine: EngineSpec, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(engine.options["intra_op_thread_count"])
        options.log_severity_level = ERRORS_ONLY
        self._session = onnxruntime.InferenceSession(
            str(folder / MODEL_FILES[Engine.ONNXRUNTIME]), options, providers=["CPUExecutionProvider"]
        )

    def run(self, inputs: Tensors, outputs: tuple[str, ...]) -> Tensors:
        """These outputs for a batch."""
        return dict(zip(outputs, self._session.run(list(outputs), dict(inputs)), strict=True))
