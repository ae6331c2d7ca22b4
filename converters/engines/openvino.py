"""OpenVINO on the CPU."""

from pathlib import Path

import numpy as np
import openvino

from converters.engines.weights import quantise_weights
from converters.tensors import Tensors
from model_repository.backends.graph import Graph
from model_repository.backends.openvino_model import compile_graph
from model_repository.backends.packed_runner import PackedRunner
from model_repository.config import parameters
from model_repository.layout import MODEL_FILES
from model_repository.manifest import Engine, EngineSpec, Precision


def engine_spec(
    precision: Precision, threads: int, instances: int = 1, *, packed: bool = False
) -> EngineSpec:
    """OpenVINO with this many threads; the options are the names that Triton's backend reads."""
    engine = Engine.OPENVINO_PACKED if packed else Engine.OPENVINO
    options = {"INFERENCE_NUM_THREADS": str(threads), "NUM_STREAMS": "1"}
    if precision is Precision.INT8 and _has_bf16():
        options["HINT_BF16"] = "YES"  # for all that is no product with weights
    return EngineSpec(engine=engine, precision=precision, options=options, instances=instances)


def precisions() -> tuple[Precision, ...]:
    """What this CPU computes the graph as it is in: bf16 too where it has units for it."""
    return (Precision.BF16, Precision.FP32) if _has_bf16() else (Precision.FP32,)


def _has_bf16() -> bool:
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def convert(graph: Path, folder: Path) -> None:
    """Write a plain ONNX graph as `model.xml` and `model.bin`, weights in fp32.

    The precision of the arithmetic is chosen when the model is loaded, so one pair of files serves both.
    """
    _save(openvino.Core().read_model(graph), folder)


def quantise(graph: Path, folder: Path) -> None:
    """Write a plain ONNX graph as `model.xml` and `model.bin`, the matrices it multiplies by in int8."""
    model = openvino.Core().read_model(graph)
    quantise_weights(model)
    _save(model, folder)


def _save(model: openvino.Model, folder: Path) -> None:
    openvino.save_model(model, folder / MODEL_FILES[Engine.OPENVINO], compress_to_fp16=False)


class Session:
    """A compiled model."""

    def __init__(self, engine: EngineSpec, folder: Path) -> None:
        self._request = _compile(engine, folder).create_infer_request()

    def run(self, inputs: Tensors, outputs: tuple[str, ...]) -> Tensors:
        """These outputs for a batch, copied out of the engine's own memory."""
        self._request.infer(dict(inputs))
        return {name: np.array(self._request.get_tensor(name).data) for name in outputs}


class PackedSession:
    """A compiled packed model, through the code that its Triton backend runs."""

    def __init__(self, engine: EngineSpec, folder: Path) -> None:
        self._runner = PackedRunner(_compile(engine, folder))

    def run(self, inputs: Tensors, outputs: tuple[str, ...]) -> Tensors:
        """These outputs for a batch."""
        return self._runner.run(dict(inputs), outputs)


def _compile(engine: EngineSpec, folder: Path) -> openvino.CompiledModel:
    return compile_graph(Graph(folder / MODEL_FILES[engine.engine], parameters(engine)))
