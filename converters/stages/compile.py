"""Compile: every candidate in its engine's own format, and how fast each one is on this host."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from converters.causes import in_one_line
from converters.choosing import fastest_first
from converters.comparison import answers
from converters.engines import Session, onnxruntime, open_session, openvino
from converters.measuring import measure
from converters.memory import MemoryMeter
from converters.messages import Progress
from converters.results import Built, Compiled, Optimised, Variant
from converters.samples import sampler_of
from converters.spec import BuildSpec, ConversionError, Stage
from converters.splitting import splits
from converters.tensorrt.candidates import plans
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository.layout import MODEL_FILES
from model_repository.manifest import Engine, EngineSpec, Precision

logger = logging.getLogger(__name__)


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Compiled:
    """Write one folder a candidate of every part, and measure those of a part side by side."""
    works = each_part(spec, workspace, folder, progress)
    return Compiled(parts={work.part.name: _compile(work) for work in works})


def _compile(work: Work) -> tuple[Built, ...]:
    work.folder.mkdir()
    sampler = sampler_of(work.part, work.tokenizer)
    largest = max(sampler.traffic(), key=lambda batch: sum(tensor.nbytes for tensor in batch.values()))
    outputs = answers(work.part.head)
    built: dict[str, Built] = {}
    sessions: dict[str, Session] = {}
    memory: dict[str, float] = {}
    for engine, write in _candidates(work):
        name = f"{engine.engine}-{engine.precision}"
        work.progress(5, f"making {name}")
        (work.folder / name).mkdir()
        try:
            write(work.folder / name)
            meter = MemoryMeter()
            session = open_session(engine, work.folder / name)
            session.run(largest, outputs)
            memory[name] = meter.added_mib()
        except Exception as error:
            logger.warning(
                "%s could not be made: %s", name, error, exc_info=not isinstance(error, ConversionError)
            )
            built[name] = Built(engine=engine, error=in_one_line(error))
            continue
        sessions[name] = session
        built[name] = Built(engine=engine, folder=name)
    for plan, opened in plans(work):
        name = plan.folder or f"{plan.engine.engine}-{plan.engine.precision}-{len(built)}"
        built[name] = plan
        if opened is not None:
            sessions[name] = opened
    engines = {name: one.engine for name, one in built.items()}
    figures = measure(sessions, sampler, outputs, work.progress, engines=engines, memory=memory)
    worth = work.spec.int8_worth
    ranked = fastest_first(
        (replace(one, figures=figures.get(name)) for name, one in built.items()), int8_worth=worth
    )
    if not ranked[0].figures:
        return ranked
    whole = sessions[ranked[0].folder]
    return fastest_first([*ranked, *splits(work, ranked[0], whole, sampler, outputs)], int8_worth=worth)


Writer = Callable[[Path], None]
"""Puts a candidate's model files into its folder."""


def _candidates(work: Work) -> list[tuple[EngineSpec, Writer]]:
    variants = work.workspace.result(Stage.OPTIMISE, Optimised).parts[work.part.name]
    graphs = work.of(Stage.OPTIMISE)
    threads = work.spec.threads
    fused = {Precision.FP32: variants.fp32, Precision.INT8: variants.int8}
    by_onnxruntime: list[tuple[EngineSpec, Writer]] = [
        (onnxruntime.engine_spec(precision, threads), _linker(graphs, variant))
        for precision, variant in fused.items()
    ]
    convert = _Converter(work.of(Stage.EXPORT) / MODEL_FILES[Engine.ONNXRUNTIME])
    by_openvino = _by_openvino(convert, threads)
    if variants.packed is not None:
        folder, error = graphs / variants.packed.folder, variants.packed.error
        convert = _Converter(folder / MODEL_FILES[Engine.ONNXRUNTIME], error)
        by_openvino += _by_openvino(convert, threads, packed=True)
    return by_onnxruntime + by_openvino


def _by_openvino(
    convert: "_Converter", threads: int, *, packed: bool = False
) -> list[tuple[EngineSpec, Writer]]:
    writers: dict[Precision, Writer] = dict.fromkeys(openvino.precisions(), convert)
    writers[Precision.INT8] = convert.quantised
    return [
        (openvino.engine_spec(precision, threads, packed=packed), writer)
        for precision, writer in writers.items()
    ]


def _linker(graphs: Path, variant: Variant) -> Writer:
    def link(folder: Path) -> None:
        if variant.error:
            raise ConversionError(variant.error)
        _link_files(graphs / variant.folder, folder)

    return link


class _Converter:
    """Converts for OpenVINO once: the type it computes in is chosen at loading; int8 has its own."""

    def __init__(self, graph: Path, error: str = "") -> None:
        self._graph = graph
        self._error = error
        self._done: Path | None = None

    def __call__(self, folder: Path) -> None:
        self._check()
        if self._done is None:
            openvino.convert(self._graph, folder)
            self._done = folder
        else:
            _link_files(self._done, folder)

    def quantised(self, folder: Path) -> None:
        self._check()
        openvino.quantise(self._graph, folder)

    def _check(self) -> None:
        if self._error:
            raise ConversionError(self._error)


def _link_files(source: Path, target: Path) -> None:
    for file in source.iterdir():
        os.link(file, target / file.name)
