"""Verify: the parity gate; the fastest candidate that answers like the original is the one to publish."""

import logging
from pathlib import Path

from msgspec.structs import replace

from converters.causes import in_one_line
from converters.choosing import choose
from converters.comparison import answers
from converters.engines import open_session
from converters.messages import Progress
from converters.parity import Case, examine, figures, thresholds
from converters.references import references
from converters.results import Built, Compiled, Verdict, Verified
from converters.spec import BuildSpec, Stage
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository.layout import PROBE
from model_repository.manifest import Candidate
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
    work.folder.mkdir()
    candidates = work.workspace.result(Stage.COMPILE, Compiled).parts[work.part.name]
    work.progress(0, "asking the original")
    cases = references(work)
    known: dict[str, Candidate] = {}

    def judge(candidate: Candidate, built: Built) -> Candidate:
        percent = 40 + 60 * candidates.index(built) / len(candidates)
        if built.folder not in known:
            work.progress(percent, f"comparing {built.engine.label}")
            known[built.folder] = _judge(candidate, work.of(Stage.COMPILE) / built.folder, work, cases)
        judged = known[built.folder]  # of several instances each computes what one alone does
        return replace(candidate, parity=judged.parity, error=judged.error)

    verdict = choose(candidates, judge, _figures)
    probe = cases[0]
    expected = {name: probe.original[name] for name in answers(work.part.head)}
    write_probe(work.folder / PROBE, probe.inputs, expected)
    return verdict


def _judge(candidate: Candidate, files: Path, work: Work, cases: list[Case]) -> Candidate:
    limits = thresholds(candidate.engine.precision, work.part.head, cases)
    try:
        report = examine(work.part.head, open_session(candidate.engine, files), cases, limits)
    except Exception as error:
        logger.exception("%s does not run", candidate.engine.label)
        return replace(candidate, error=in_one_line(error))
    return replace(candidate, parity=report)


def _figures(candidate: Candidate) -> str:
    why = figures(candidate.parity) if candidate.parity else candidate.error or candidate.unverified
    return f"{candidate.engine.label}: {why}"
