"""Compile: the graphs with one `generation.json` a candidate, and how fast each one is on this host."""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import msgspec
from transformers import AutoConfig

from converters.causes import first_line
from converters.choosing import fastest_first
from converters.engines.openvino import precisions
from converters.generation.session import Session
from converters.generation.settings import settings
from converters.generation.subjects import subject_of
from converters.memory import MemoryMeter
from converters.messages import Progress
from converters.results import Built, Compiled, Figures
from converters.spec import BuildSpec, Stage
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository.generation import GenerationSettings, Runtime, SamplingParameters
from model_repository.heads import GenerationHead, SpeechHead
from model_repository.layout import MODEL_FILES
from model_repository.manifest import Engine, EngineSpec, Precision

CALLERS = 8
ROUNDS = 2

logger = logging.getLogger(__name__)


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Compiled:
    """Write one folder a candidate and measure them all side by side."""
    works = each_part(spec, workspace, folder, progress)
    return Compiled(parts={work.part.name: _compile(work) for work in works})


def _compile(work: Work) -> tuple[Built, ...]:
    """The candidates, fastest first; for decoders the library is only asked where the pipeline fails."""
    work.folder.mkdir()
    head = work.part.head
    decodes = isinstance(head, GenerationHead) and not head.encoder_decoder
    runtimes = (Runtime.PAGED, Runtime.LIBRARY) if decodes else (Runtime.LIBRARY,)
    built: list[Built] = []
    for runtime in runtimes:
        built += _measured(work, list(_candidates(work, runtime)))
        if any(not one.error for one in built):
            break
    return fastest_first(built, int8_worth=work.spec.int8_worth)


def _candidates(work: Work, runtime: Runtime) -> Iterator[Built]:
    for precision in precisions():
        folder = work.folder / f"{runtime}-{precision}"
        folder.mkdir()
        for file in work.of(Stage.EXPORT).iterdir():
            os.link(file, folder / file.name)
        described = msgspec.json.encode(_settings(work, runtime, precision))
        (folder / MODEL_FILES[Engine.GENERATION]).write_bytes(msgspec.json.format(described, indent=2))
        options = {"INFERENCE_NUM_THREADS": str(work.spec.threads)}
        engine = EngineSpec(engine=Engine.GENERATION, precision=precision, options=options)
        yield Built(engine=engine, folder=folder.name)


def _settings(work: Work, runtime: Runtime, precision: Precision) -> GenerationSettings:
    head, tokenizer = work.part.head, work.part.tokenizer
    assert isinstance(head, GenerationHead | SpeechHead)
    assert tokenizer is not None
    root = work.source / work.facts.root
    config = AutoConfig.from_pretrained(root, local_files_only=True)
    return settings(root, config, head, tokenizer, runtime=runtime, precision=precision)


def _measured(work: Work, candidates: list[Built]) -> list[Built]:
    results: list[Built] = []
    with ExitStack() as stack:
        sessions: dict[str, Session] = {}
        memory: dict[str, float] = {}
        for built in candidates:
            try:
                work.progress(10, f"opening {built.folder}")
                meter = MemoryMeter()
                session = Session(built.engine, work.folder / built.folder)
                stack.callback(session.close)
                _tokens_per_second(session, work, CALLERS)
                memory[built.folder] = meter.added_mib()
            except Exception as error:
                logger.exception("%s does not run", built.folder)
                cause = first_line(f"{type(error).__name__}: {error}")
                results.append(Built(engine=built.engine, error=cause))
            else:
                sessions[built.folder] = session
        alone = _race(sessions, work, 1)
        together = _race(sessions, work, CALLERS)
        for built in candidates:
            if built.folder in sessions:
                figures = Figures(
                    texts_per_second=together[built.folder],
                    latency_ms=1000 / alone[built.folder],
                    memory_mib=memory[built.folder],
                )
                results.append(msgspec.structs.replace(built, figures=figures))
    return results


def _race(sessions: Mapping[str, Session], work: Work, callers: int) -> dict[str, float]:
    """Best of some rounds in which the candidates take turns: other work on the host only takes time away."""
    best = dict.fromkeys(sessions, 0.0)
    for turn in range(ROUNDS):
        for name, session in sessions.items():
            work.progress(20 + 40 * turn, f"measuring {name} with {callers} callers")
            best[name] = max(best[name], _tokens_per_second(session, work, callers))
    return best


def _tokens_per_second(session: Session, work: Work, callers: int) -> float:
    subject = subject_of(work)
    texts, steps = subject.prompts(), subject.steps
    parameters = SamplingParameters(max_new_tokens=steps, min_new_tokens=steps)
    started = time.perf_counter()
    answers = session.generate((texts * callers)[-callers:] if callers > 1 else texts[3:4], parameters)
    return sum(map(len, answers)) / (time.perf_counter() - started)
