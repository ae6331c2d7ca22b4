"""ONNX Runtime on the CPU."""

from pathlib import Path

import onnx
import onnxruntime

from converters.tensors import Tensors
from model_repository.layout import MODEL_FILES
from model_repository.manifest import Engine, EngineSpec, Precision

ERRORS_ONLY = 3

LARGEST_FILE = 2**30
"""Bytes of weights from which on they lie beside the graph, in `model.onnx.data`: protobuf ends at 2 GiB."""


def engine_spec(precision: Precision, threads: int, instances: int = 1) -> EngineSpec:
    """ONNX Runtime with this many threads; the options are the names that Triton's backend reads."""
    options = {"intra_op_thread_count": str(threads)}
    return EngineSpec(engine=Engine.ONNXRUNTIME, precision=precision, options=options, instances=instances)


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write a graph as one file, or as two where its weights are large."""
    weights = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    onnx.save(model, path, save_as_external_data=weights > LARGEST_FILE, location=f"{path.name}.data")


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
