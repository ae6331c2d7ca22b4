"""The choice among candidates, and the front of those that somebody might prefer."""

import pytest
from msgspec.structs import replace

from converters.choosing import SEVERAL_WORTH, choose, fastest_first
from converters.results import Built, Figures
from converters.spec import ConversionError
from model_repository.manifest import Candidate, Engine, EngineSpec, Precision
from model_repository.parity import ParityCase, ParityReport, ParityThresholds


def built(name: str, speed: float, latency: float, memory: float | None) -> Built:
    engine = EngineSpec(engine=Engine.ONNXRUNTIME, precision=Precision.FP32, options={"name": name})
    figures = Figures(texts_per_second=speed, latency_ms=latency, memory_mib=memory)
    return Built(engine=engine, folder=name, figures=figures)


def several(speed: float, latency: float = 1.0) -> Built:
    one = built("two", speed, latency, 1.0)
    return replace(one, engine=replace(one.engine, instances=2))


def test_several_instances_have_to_be_clearly_faster() -> None:
    one, slightly, clearly = (
        built("one", 100, 1.0, 1.0),
        several(99 * SEVERAL_WORTH),
        several(101 * SEVERAL_WORTH),
    )
    broken = Built(engine=one.engine, error="it does not run")
    assert fastest_first([broken, slightly, one], int8_worth=1) == (one, slightly, broken)
    assert fastest_first([one, clearly], int8_worth=1) == (clearly, one)


def test_a_longer_wait_of_a_single_text_has_to_be_worth_more() -> None:
    one, slow = built("one", 100, 2.0, 1.0), built("slow", 90, 1.0, 1.0)
    enough = 100 * SEVERAL_WORTH * 1.5  # a wait of 1.5² times the fastest one's, whatever slower ones take
    slightly, clearly = several(0.99 * enough, 4.5), several(1.01 * enough, 4.5)
    assert fastest_first([slightly, slow, one], int8_worth=1) == (one, slightly, slow)
    assert fastest_first([one, clearly], int8_worth=1) == (clearly, one)


def test_a_wait_is_compared_with_that_of_one_instance_alike() -> None:
    one, two, other = (
        built("one", 100, 2.0, 1.0),
        several(101 * SEVERAL_WORTH, 2.0),
        built("int8", 120, 0.5, 1.0),
    )
    int8 = replace(other, engine=replace(other.engine, precision=Precision.INT8))
    packed = replace(other, engine=replace(other.engine, engine=Engine.OPENVINO_PACKED), folder="packed")
    slower = built("slower", 50, 0.5, 1.0)
    assert fastest_first([int8, one, two, slower], int8_worth=1.5) == (two, one, int8, slower)
    assert fastest_first([packed, one, two], int8_worth=1.5) == (packed, two, one)


def test_several_instances_without_one_alike_need_more_for_their_memory_alone() -> None:
    lonely, other = several(100, 9.0), built("other", 80, 1.0, 1.0)
    int8 = replace(lonely, engine=replace(lonely.engine, precision=Precision.INT8))
    assert fastest_first([other, int8], int8_worth=1) == (int8, other)


def test_int8_has_to_be_as_much_faster_as_it_is_said_to_be_worth() -> None:
    exact, other = built("exact", 100, 1.0, 1.0), built("int8", 149, 1.0, 1.0)
    int8 = replace(other, engine=replace(other.engine, precision=Precision.INT8))
    assert fastest_first([int8, exact], int8_worth=1.5) == (exact, int8)
    assert fastest_first([exact, int8], int8_worth=1.4) == (int8, exact)


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
