"""Verify: the parity gate; the fastest candidate that answers like the original is the one to publish."""

import logging
from pathlib import Path

import numpy as np
import torch
from msgspec.structs import replace

from converters.causes import first_line
from converters.engines import open_session
from converters.messages import Progress
from converters.parity import Case, cases, examine, thresholds
from converters.results import Built, Compiled, Inspected, Verified
from converters.samples import Sampler
from converters.spec import BuildSpec, ConversionError, Stage
from converters.tasks import FAMILIES
from converters.tasks.family import Family
from converters.workspace import Workspace
from model_repository.layout import PROBE
from model_repository.manifest import Candidate, EngineSpec
from model_repository.probe import write_probe

PROBE_SHAPE = (3, 32)
"""Rows and tokens of the case that is stored as the entry's probe."""

logger = logging.getLogger(__name__)


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Verified:
    """Judge every candidate, fastest first, and store the probe.

    Raises:
        ConversionError: none passes; the figures are in the message.

    """
    facts = workspace.result(Stage.INSPECT, Inspected)
    compiled = workspace.result(Stage.COMPILE, Compiled)
    family = FAMILIES[facts.task]
    progress(0, "asking the original")
    references = _references(spec, workspace, family, facts)
    judged: list[Candidate] = []
    chosen: Built | None = None
    for number, built in enumerate(compiled.candidates):
        progress(40 + 60 * number / len(compiled.candidates), f"comparing {_name(built.engine)}")
        candidate = _judge(built, workspace.folder(Stage.COMPILE), family, references)
        if chosen is None and candidate.parity is not None and candidate.parity.passed:
            chosen = built
            candidate = replace(candidate, chosen=True)
        judged.append(candidate)
    if chosen is None:
        raise ConversionError(
            "no candidate answers like the original: " + "; ".join(_figures(one) for one in judged),
            hint="The model cannot be converted faithfully on this host; see the log of the stage.",
        )
    _store_probe(folder / PROBE, family, references)
    return Verified(folder=chosen.folder, candidates=tuple(judged))


def _references(spec: BuildSpec, workspace: Workspace, family: Family, facts: Inspected) -> list[Case]:
    torch.set_num_threads(spec.threads)
    model = family.load(workspace.folder(Stage.FETCH), facts)
    sampler = Sampler(workspace.folder(Stage.INSPECT) / "tokenizer.json", facts)
    references = []
    with torch.inference_mode():
        for inputs in cases(sampler, facts.max_length):
            answer = model(**{name: torch.from_numpy(array) for name, array in inputs.items()})
            outputs = {name: tensor.numpy() for name, tensor in answer.items()}
            if not all(np.isfinite(array).all() for array in outputs.values()):
                raise ConversionError(
                    "the original itself answers with NaN or Inf", hint="Check the weights of the model."
                )
            references.append(Case(inputs, outputs))
    return references


def _judge(built: Built, compiled: Path, family: Family, references: list[Case]) -> Candidate:
    candidate = Candidate(engine=built.engine, texts_per_second=built.texts_per_second, error=built.error)
    if built.error:
        return candidate
    limits = thresholds(built.engine.precision, [case.original for case in references])
    try:
        report = examine(family, open_session(built.engine, compiled / built.folder), references, limits)
    except Exception as error:
        logger.exception("%s does not run", _name(built.engine))
        return replace(candidate, error=first_line(f"{type(error).__name__}: {error}"))
    return replace(candidate, parity=report)


def _store_probe(path: Path, family: Family, references: list[Case]) -> None:
    """Store a batch with the original's answer; the gate has seen the candidate answer it rightly."""
    case = next((one for one in references if one.inputs["input_ids"].shape == PROBE_SHAPE), references[-1])
    write_probe(path, case.inputs, {family.answer: case.original[family.answer]})


def _name(engine: EngineSpec) -> str:
    return f"{engine.engine} {engine.precision}"


def _figures(candidate: Candidate) -> str:
    report = candidate.parity
    if report is None:
        return f"{_name(candidate.engine)}: {candidate.error}"
    finite = "" if all(case.finite for case in report.cases) else ", NaN or Inf found"
    limits = report.thresholds
    return (
        f"{_name(candidate.engine)}: difference {report.max_abs_diff:.2g} of {limits.max_abs_diff:.2g}, "
        f"cosine {report.min_cosine:.4f} of {limits.min_cosine:g}{finite}"
    )
