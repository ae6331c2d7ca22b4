"""The choice among candidates, and the front of those that somebody might prefer."""

import pytest
from msgspec.structs import replace

from converters.choosing import choose
from converters.results import Built, Figures
from converters.spec import ConversionError
from model_repository.manifest import (
    Candidate,
    Engine,
    EngineSpec,
    ParityCase,
    ParityReport,
    ParityThresholds,
    Precision,
)


def built(name: str, speed: float, latency: float, memory: float | None) -> Built:
    engine = EngineSpec(engine=Engine.ONNXRUNTIME, precision=Precision.FP32, options={"name": name})
    figures = Figures(texts_per_second=speed, latency_ms=latency, memory_mib=memory)
    return Built(engine=engine, folder=name, figures=figures)


class Judge:
    """Passes all but some."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.asked: list[str] = []

    def __call__(self, candidate: Candidate, one: Built) -> Candidate:
        self.asked.append(one.folder)
        case = ParityCase(batch=1, length=1, max_abs_diff=0, min_cosine=1, finite=True)
        limits = ParityThresholds(max_abs_diff=1, min_cosine=0)
        passed = one.folder not in self.refused
        return replace(candidate, parity=ParityReport(passed=passed, thresholds=limits, cases=(case,)))


def tell(candidate: Candidate) -> str:
    return f"{candidate.engine.options['name']} refused"


TRIED = (
    built("fastest", 700, 3.0, 200),
    built("quick alone", 500, 2.0, 250),
    built("beaten", 400, 3.0, 220),
    built("small", 300, 9.0, 60),
)


def test_the_fastest_is_chosen_and_whatever_beats_it_somewhere_is_on_the_front() -> None:
    judge = Judge()
    verdict = choose(TRIED, judge, tell)
    assert verdict.folder == "fastest"
    assert [one.chosen for one in verdict.candidates] == [True, False, False, False]
    assert [one.front for one in verdict.candidates] == [True, True, False, True]
    assert judge.asked == ["fastest", "quick alone", "small"]
    assert verdict.candidates[2].texts_per_second == 400
    assert verdict.candidates[2].parity is None


def test_what_does_not_pass_beats_nobody() -> None:
    verdict = choose(TRIED, Judge("fastest", "small"), tell)
    assert verdict.folder == "quick alone"
    assert [one.front for one in verdict.candidates] == [False, True, True, False]
    assert [one.parity is not None for one in verdict.candidates] == [True] * 4


def test_a_figure_that_is_not_known_decides_nothing() -> None:
    plan = built("plan", 900, 1.0, None)
    slower = built("slower plan", 800, 2.0, None)
    verdict = choose((plan, slower, *TRIED), Judge(), tell)
    assert [one.front for one in verdict.candidates] == [True] + [False] * 5


def test_what_could_not_be_made_or_run_is_not_judged() -> None:
    failed = Built(engine=TRIED[0].engine, error="no such operator")
    unproved = replace(TRIED[0], unverified="no GPU here")
    judge = Judge()
    verdict = choose((unproved, TRIED[1], failed), judge, tell)
    assert judge.asked == ["quick alone"]
    assert [one.error for one in verdict.candidates] == ["", "", "no such operator"]


def test_without_any_that_passes_all_figures_are_told() -> None:
    with pytest.raises(ConversionError, match="fastest refused; small refused"):
        choose((TRIED[0], TRIED[3]), Judge("fastest", "small"), tell)
