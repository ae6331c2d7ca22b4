"""The inference engines that candidates are made for; one file each, opened here by name."""

from pathlib import Path
from typing import Protocol

from converters.engines import onnxruntime, openvino, tensorrt
from converters.tensors import Tensors
from model_repository.manifest import Engine, EngineSpec


class Session(Protocol):
    """A loaded model."""

    def run(self, inputs: Tensors, outputs: tuple[str, ...]) -> Tensors:
        """These outputs for a batch."""
        ...


def several(engine: EngineSpec, instances: int, threads: int) -> EngineSpec | None:
    """The same as several instances with so many threads each; None for engines without any."""
    match engine.engine:
        case Engine.ONNXRUNTIME:
            return onnxruntime.engine_spec(engine.precision, threads, instances)
        case Engine.OPENVINO:
            return openvino.engine_spec(engine.precision, threads, instances)
        case Engine.OPENVINO_PACKED:
            return openvino.engine_spec(engine.precision, threads, instances, packed=True)
        case _:
            return None


def open_session(engine: EngineSpec, folder: Path) -> Session:
    """Load a candidate's model files as its Triton backend will, with the same options."""
    match engine.engine:
        case Engine.ONNXRUNTIME:
            return onnxruntime.Session(engine, folder)
        case Engine.OPENVINO:
            return openvino.Session(engine, folder)
        case Engine.OPENVINO_PACKED:
            return openvino.PackedSession(engine, folder)
        case Engine.TENSORRT | Engine.TENSORRT_RTX:
            return tensorrt.Session(engine, folder)
        case Engine.GENERATION | Engine.CUSTOM:
            raise ValueError(f"{engine.engine} is no graph that is called once a batch")
