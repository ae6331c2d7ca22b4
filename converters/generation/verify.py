"""Verify: every token that a candidate picks is the one that the original would pick after the same text.

Greedy decoding is compared step by step along the candidate's own output: two models that agree at every
step generate the same text, and one that takes the second of two nearly equal tokens at one step is still
judged at all later ones. A pick counts as the original's, too, where the original gives it a logit that is
lower than its best by no more than the precision explains.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from msgspec.structs import replace

from converters.causes import first_line
from converters.choosing import choose
from converters.generation.session import Session
from converters.generation.subject import Prompt
from converters.generation.subjects import subject_of
from converters.messages import Progress
from converters.results import Built, Compiled, Verdict, Verified
from converters.spec import BuildSpec, Stage
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository.generation import (
    INPUT_FEATURES,
    INPUT_IDS,
    PARAMETERS,
    TOKEN_IDS,
    SamplingParameters,
    encode_parameters,
)
from model_repository.layout import PROBE
from model_repository.manifest import Candidate, Precision
from model_repository.parity import ParityCase, ParityReport, ParityThresholds
from model_repository.probe import write_probe

TIES = {Precision.FP32: 1e-4, Precision.BF16: 1e-2}
"""Shares of the original's largest logit within which two tokens are a tie. SmolLM2's worst are 0 in fp32 and
0.34 % in bf16: 0.14, where its largest logit is 42."""

PROBE_STEPS = 16
"""Tokens of the stored sample: one prompt, and what the published candidate made of it."""

logger = logging.getLogger(__name__)


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Verified:
    """Judge the candidates, and store the probe.

    Raises:
        ConversionError: none of them passes; the figures are in the message.

    """
    works = each_part(spec, workspace, folder, progress)
    return Verified(parts={work.part.name: _verify(work) for work in works})


def _verify(work: Work) -> Verdict:
    work.folder.mkdir()
    candidates = work.workspace.result(Stage.COMPILE, Compiled).parts[work.part.name]
    return choose(candidates, _Judge(work).judge, _figures)


@dataclass(frozen=True)
class _Steps:
    """The original's view of one output.

    Attributes:
        regrets: by step, how much higher the original's best logit is than that of the token picked.
        largest: largest logit, by its size.

    """

    regrets: np.ndarray[Any, np.dtype[np.float64]]
    largest: float


class _Judge:
    def __init__(self, work: Work) -> None:
        torch.set_num_threads(work.spec.threads)
        work.progress(0, "loading the original")
        self._work = work
        self._subject = subject_of(work)
        self._model = self._subject.original()
        self._prompts = self._subject.prompts()

    def judge(self, candidate: Candidate, built: Built) -> Candidate:
        """The candidate with its figures, or with the reason why it has none."""
        # Ends of texts are left to the steps before them: an end tells nothing about the tokens behind it.
        parameters = SamplingParameters(
            max_new_tokens=self._subject.steps, min_new_tokens=self._subject.steps
        )
        self._work.progress(50, f"comparing {built.folder}")
        session = None
        try:
            session = Session(built.engine, self._work.of(Stage.COMPILE) / built.folder)
            answers = session.generate(self._prompts, parameters)
            report = self._report(answers, built.engine.precision)
            # The first that passes is the one to publish.
            if report.passed and not (self._work.folder / PROBE).exists():
                self._store_probe(session)
        except Exception as error:
            logger.exception("%s does not run", built.folder)
            return replace(candidate, error=first_line(f"{type(error).__name__}: {error}"))
        finally:
            if session is not None:
                session.close()
        return replace(candidate, parity=report)

    def _report(self, answers: Sequence[list[int]], precision: Precision) -> ParityReport:
        seen = [self._replay(*pair) for pair in zip(self._prompts, answers, strict=True)]
        tie = TIES[precision] * max(steps.largest for steps in seen)
        cases = tuple(
            ParityCase(
                batch=1,
                length=len(steps.regrets),
                max_abs_diff=float(steps.regrets.max(initial=0)),
                min_cosine=1.0,
                finite=bool(np.isfinite(steps.regrets).all()),
                agreement=float(np.mean(steps.regrets <= tie))
                if len(steps.regrets) == self._subject.length
                else 0.0,
            )
            for steps in seen
        )
        passed = all(case.finite and case.agreement == 1 for case in cases)
        limits = ParityThresholds(max_abs_diff=tie, min_cosine=-1.0, agreement=1.0)
        return ParityReport(passed=passed, thresholds=limits, cases=cases)

    def _replay(self, prompt: Prompt, answer: list[int]) -> _Steps:
        values = self._subject.scores(self._model, prompt, answer)
        regrets = values.max(1) - values[np.arange(len(answer)), answer]
        largest = float(np.abs(values[np.isfinite(values)]).max())
        return _Steps(regrets, largest)

    def _store_probe(self, session: Session) -> None:
        prompt = self._prompts[3]
        parameters = SamplingParameters(max_new_tokens=PROBE_STEPS)
        (answer,) = session.generate([prompt], parameters)
        inputs = {
            INPUT_IDS: np.array(prompt.ids, np.int64),
            PARAMETERS: np.array([encode_parameters(parameters)], np.object_),
            INPUT_FEATURES: prompt.features,
        }
        named = {spec.name: inputs[spec.name] for spec in self._subject.inputs}
        write_probe(self._work.folder / PROBE, named, {TOKEN_IDS: np.array(answer, np.int64)})


def _figures(candidate: Candidate) -> str:
    report, name = candidate.parity, f"{candidate.engine.engine} {candidate.engine.precision}"
    if report is None:
        return f"{name}: {candidate.error}"
    return (
        f"{name}: {report.agreement:.1%} of the tokens agree on the worst prompt, "
        f"largest difference {report.max_abs_diff:.3g} of {report.thresholds.max_abs_diff:.3g}"
    )
