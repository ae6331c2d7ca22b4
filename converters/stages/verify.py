"""Verify: the parity gate; the fastest candidate that answers like the original is the one to publish."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from msgspec.structs import replace

from converters.causes import in_one_line
from converters.comparison import answers, by_token
from converters.engines import open_session
from converters.families.registry import GRAPH_FAMILIES
from converters.messages import Progress
from converters.parity import Case, examine, thresholds
from converters.results import Built, Compiled, Verdict, Verified
from converters.samples import sampler_of
from converters.spec import BuildSpec, ConversionError, Stage
from converters.tensors import Tensors
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository.layout import PROBE
from model_repository.manifest import Candidate, EngineSpec
from model_repository.probe import write_probe

logger = logging.getLogger(__name__)


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Verified:
    """Judge the candidates of every part, and store its probe.

    Raises:
        ConversionError: none of a part's candidates passes; the figures are in the message.

    """
    works = each_part(spec, workspace, folder, progress)
    return Verified(parts={work.part.name: _verify(work) for work in works})


def _verify(work: Work) -> Verdict:
    """Take the fastest candidate that passes; slower ones need no judgement, and keep only their speed."""
    work.folder.mkdir()
    candidates = work.workspace.result(Stage.COMPILE, Compiled).parts[work.part.name]
    work.progress(0, "asking the original")
    references = _references(work)
    judged: list[Candidate] = []
    chosen: Built | None = None
    for number, built in enumerate(candidates):
        candidate = Candidate(engine=built.engine, texts_per_second=built.texts_per_second, error=built.error)
        if chosen is None and not built.error:
            work.progress(40 + 60 * number / len(candidates), f"comparing {_name(built.engine)}")
            candidate = _judge(candidate, work.of(Stage.COMPILE) / built.folder, work, references)
        if chosen is None and candidate.parity is not None and candidate.parity.passed:
            chosen = built
            candidate = replace(candidate, chosen=True)
        judged.append(candidate)
    if chosen is None:
        raise ConversionError(
            "no candidate answers like the original: " + "; ".join(_figures(one) for one in judged),
            hint="The model cannot be converted faithfully on this host; see the log of the stage.",
        )
    probe = references[0]
    expected = {name: probe.original[name] for name in answers(work.part.head)}
    write_probe(work.folder / PROBE, probe.inputs, expected)
    return Verdict(folder=chosen.folder, candidates=tuple(judged))


def _batches(work: Work) -> Iterator[Tensors]:
    """The probe first, so that the gate has seen it answered rightly; then the cases."""
    sampler = sampler_of(work.part, work.tokenizer)
    # Every element of the probe's answers must count, so answers by token are asked without padding.
    yield sampler.probe(even=any(by_token(work.part.head, name) for name in answers(work.part.head)))
    yield from sampler.cases()


def _references(work: Work) -> list[Case]:
    torch.set_num_threads(work.spec.threads)
    model = GRAPH_FAMILIES[work.facts.family].load(work.source, work.facts, work.part)
    references = []
    with torch.inference_mode():
        for inputs in _batches(work):
            answer = model(**{name: torch.from_numpy(array) for name, array in inputs.items()})
            outputs = {name: tensor.numpy() for name, tensor in answer.items()}
            if not all(np.isfinite(array).all() for array in outputs.values()):
                raise ConversionError(
                    "the original itself answers with NaN or Inf", hint="Check the weights of the model."
                )
            references.append(Case(inputs, outputs))
    return references


def _judge(candidate: Candidate, files: Path, work: Work, references: list[Case]) -> Candidate:
    limits = thresholds(candidate.engine.precision, work.part.head, references)
    try:
        report = examine(work.part.head, open_session(candidate.engine, files), references, limits)
    except Exception as error:
        logger.exception("%s does not run", _name(candidate.engine))
        return replace(candidate, error=in_one_line(error))
    return replace(candidate, parity=report)


def _name(engine: EngineSpec) -> str:
    return f"{engine.engine} {engine.precision}"


def _figures(candidate: Candidate) -> str:
    report = candidate.parity
    if report is None:
        return f"{_name(candidate.engine)}: {candidate.error}"
    limits = report.thresholds
    figures = [f"difference {report.max_abs_diff:.2g} of {limits.max_abs_diff:.2g}"]
    if limits.min_cosine > -1:
        figures.append(f"cosine {report.min_cosine:.4f} of {limits.min_cosine:g}")
    if limits.agreement > 0:
        figures.append(f"agreement {report.agreement:.4f} of {limits.agreement:g}")
    if not all(case.finite for case in report.cases):
        figures.append("NaN or Inf found")
    return f"{_name(candidate.engine)}: {', '.join(figures)}"
