"""Compile: every candidate in its engine's own format, and how fast each one is on this host."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from converters.causes import first_line
from converters.engines import Session, onnxruntime, open_session, openvino
from converters.measuring import texts_per_second
from converters.messages import Progress
from converters.results import Built, Compiled, Exported, Inspected, Optimised, Variant
from converters.samples import Sampler
from converters.spec import BuildSpec, Stage
from converters.workspace import Workspace
from model_repository.layout import MODEL_FILES
from model_repository.manifest import Engine, EngineSpec, Precision

TEXTS = 128
PACK = 16

logger = logging.getLogger(__name__)


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Compiled:
    """Write one folder a candidate and measure them all side by side."""
    exported = workspace.result(Stage.EXPORT, Exported)
    facts = workspace.result(Stage.INSPECT, Inspected)
    sampler = Sampler(workspace.folder(Stage.INSPECT) / "tokenizer.json", facts)
    sample = sampler.parity_batch(2, min(9, facts.max_length))
    outputs = (exported.answer,)
    built: dict[str, Built] = {}
    sessions: dict[str, Session] = {}
    for engine, write in _candidates(spec, workspace):
        name = f"{engine.engine}-{engine.precision}"
        progress(5, f"making {name}")
        (folder / name).mkdir()
        try:
            write(folder / name)
            session = open_session(engine, folder / name)
            session.run(sample, outputs)
        except Exception as error:
            logger.exception("%s could not be made", name)
            built[name] = Built(engine=engine, error=first_line(f"{type(error).__name__}: {error}"))
            continue
        sessions[name] = session
        built[name] = Built(engine=engine, folder=name)
    speeds = texts_per_second(sessions, sampler.traffic(TEXTS, PACK), outputs, progress)
    measured = [
        Built(engine=one.engine, folder=one.folder, texts_per_second=speeds.get(name), error=one.error)
        for name, one in built.items()
    ]
    return Compiled(candidates=tuple(sorted(measured, key=lambda one: -(one.texts_per_second or 0))))


def _candidates(spec: BuildSpec, workspace: Workspace) -> list[tuple[EngineSpec, Callable[[Path], None]]]:
    optimised = workspace.result(Stage.OPTIMISE, Optimised)
    graphs = workspace.folder(Stage.OPTIMISE)
    plain = workspace.folder(Stage.EXPORT) / "model.onnx"
    variants = {Precision.FP32: optimised.fp32, Precision.INT8: optimised.int8}
    return [
        (onnxruntime.engine_spec(precision, spec.threads), _linker(graphs, variant))
        for precision, variant in variants.items()
    ] + [
        (openvino.engine_spec(precision, spec.threads), _converter(plain))
        for precision in openvino.precisions()
    ]


def _linker(graphs: Path, variant: Variant) -> Callable[[Path], None]:
    def link(folder: Path) -> None:
        if variant.error:
            raise RuntimeError(variant.error)
        os.link(graphs / variant.file, folder / MODEL_FILES[Engine.ONNXRUNTIME])

    return link


def _converter(plain: Path) -> Callable[[Path], None]:
    def convert(folder: Path) -> None:
        openvino.convert(plain, folder)

    return convert
