"""The figures of the parity gate, and what passes."""

import math

import numpy as np
import pytest

from converters.comparison import compare, min_cosine
from converters.parity import LIMITS, Case, examine, thresholds, within
from converters.tensors import Tensors
from model_repository.heads import (
    ClassificationHead,
    EmbeddingHead,
    EntailmentHead,
    Head,
    ImageEmbeddingHead,
    Pooling,
    RerankHead,
    SpanHead,
    TokenClassificationHead,
)
from model_repository.manifest import Precision
from model_repository.parity import ParityCase, ParityThresholds

LIMIT = ParityThresholds(max_abs_diff=0.01, min_cosine=0.99, agreement=0.9)
MASK = np.array([[1, 1, 1], [1, 0, 0]], np.int64)
INPUTS = {"input_ids": MASK, "attention_mask": MASK}

EMBEDDING = EmbeddingHead(output="vector", dimensions=4, pooling=Pooling.MEAN, normalise=False)
IMAGE = ImageEmbeddingHead(output="vector", dimensions=4)
LABELS = ClassificationHead(output="logits", labels=("a", "b", "c", "d"))
MANY_LABELS = ClassificationHead(output="logits", labels=("a", "b", "c", "d"), multi_label=True)
NLI = EntailmentHead(output="logits", entailment=3, contradiction=0)
PASSAGES = RerankHead(output="score", sigmoid=True)
TOKENS = TokenClassificationHead(output="token_logits", labels=("a", "b", "c", "d"))
SPAN = SpanHead(start="start", end="end")

OUTPUTS: dict[str, tuple[int, ...]] = {
    "states": (2, 3, 4),
    "vector": (2, 4),
    "logits": (2, 4),
    "score": (2, 1),
    "token_logits": (2, 3, 4),
    "start": (2, 3),
    "end": (2, 3),
}
BY_HEAD: list[tuple[Head, tuple[str, ...]]] = [
    (EMBEDDING, ("states", "vector")),
    (IMAGE, ("vector",)),
    (LABELS, ("logits",)),
    (MANY_LABELS, ("logits",)),
    (NLI, ("logits",)),
    (PASSAGES, ("score",)),
    (TOKENS, ("token_logits",)),
    (SPAN, ("start", "end")),
]


def outputs(*names: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=OUTPUTS[name]).astype(np.float32) for name in names}


def inputs_of(head: Head) -> Tensors:
    return {"pixel_values": np.zeros((2, 3, 4, 4), np.float32)} if head is IMAGE else INPUTS


def case(
    *, max_abs_diff: float = 0.0, min_cosine: float = 1.0, agreement: float = 1.0, finite: bool = True
) -> ParityCase:
    return ParityCase(
        batch=1,
        length=1,
        max_abs_diff=max_abs_diff,
        min_cosine=min_cosine,
        agreement=agreement,
        finite=finite,
    )


class Converted:
    """A candidate that adds something to the right answer."""

    def __init__(self, head: Head, names: tuple[str, ...], error: float) -> None:
        self.calls = 0
        self._answer = {name: array + np.float32(error) * -array for name, array in outputs(*names).items()}

    def run(self, _inputs: Tensors, names: tuple[str, ...]) -> Tensors:
        self.calls += 1
        return {name: self._answer[name] for name in names}


@pytest.mark.parametrize(
    ("figures", "passes"),
    [
        ({}, True),
        ({"max_abs_diff": 0.01, "min_cosine": 0.99, "agreement": 0.9}, True),
        ({"max_abs_diff": 0.011}, False),
        ({"min_cosine": 0.98}, False),
        ({"agreement": 0.89}, False),
        ({"finite": False}, False),
        ({"max_abs_diff": math.nan}, False),
        ({"min_cosine": math.nan}, False),
        ({"agreement": math.nan}, False),
        ({"max_abs_diff": math.inf}, False),
    ],
)
def test_only_figures_within_the_thresholds_pass(figures: dict[str, float], passes: bool) -> None:
    assert within(case(**figures), LIMIT) is passes


@pytest.mark.parametrize(("head", "names"), BY_HEAD)
def test_equal_outputs_have_no_difference(head: Head, names: tuple[str, ...]) -> None:
    figures = compare(head, inputs_of(head), outputs(*names), outputs(*names), tie=0)
    assert (figures.max_abs_diff, figures.agreement, figures.finite) == (0, 1, True)
    assert figures.min_cosine == pytest.approx(1)
    assert (figures.batch, figures.length) == (2, 0 if head is IMAGE else 3)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("head", "name"), [(head, name) for head, names in BY_HEAD for name in names])
def test_one_number_that_is_not_finite_is_found_and_figures_stay_numbers(
    head: Head, name: str, wrong: float
) -> None:
    names = next(names for one, names in BY_HEAD if one is head)
    converted = outputs(*names)
    converted[name].flat[0] = wrong
    figures = compare(head, inputs_of(head), outputs(*names), converted, tie=0)
    assert not figures.finite
    assert math.isfinite(figures.max_abs_diff + figures.min_cosine + figures.agreement)
    assert not within(figures, ParityThresholds(max_abs_diff=math.inf, min_cosine=-1))


@pytest.mark.parametrize(("head", "names"), BY_HEAD)
def test_what_padding_holds_does_not_count(head: Head, names: tuple[str, ...]) -> None:
    converted = outputs(*names)
    for name in names:
        if name not in {"vector", "logits", "score"}:
            converted[name][1, 1:] = np.nan
    right = outputs(*names)
    assert compare(head, inputs_of(head), right, converted, tie=0) == compare(
        head, inputs_of(head), right, right, tie=0
    )


def test_the_difference_covers_states_and_vectors() -> None:
    right, converted = outputs("states", "vector"), outputs("states", "vector")
    converted["states"][1, 0, 0] += 0.5
    assert compare(EMBEDDING, INPUTS, right, converted, tie=0).max_abs_diff == pytest.approx(0.5, rel=1e-5)
    converted["vector"][0] *= -1
    assert compare(EMBEDDING, INPUTS, right, converted, tie=0).min_cosine == pytest.approx(-1)


def test_a_vector_of_zeros_has_no_direction() -> None:
    assert min_cosine(np.ones((2, 3)), np.zeros((2, 3))) == 0


@pytest.mark.parametrize(
    ("head", "right", "converted", "agreement"),
    [
        (LABELS, [[0.0, 1, 0, 0], [1, 0, 0, 0]], [[0.0, 1, 0, 0], [0, 0, 0, 1]], 0.5),
        (LABELS, [[0.0, 1, 0.95, 0], [1, 0, 0, 0]], [[0.0, 0.95, 1, 0], [1, 0, 0, 0]], 1.0),  # a tie
        (MANY_LABELS, [[1.0, 1, -1, -1], [1, 1, 1, 1]], [[1.0, -1, -1, -1], [1, 1, 1, -1]], 0.75),
        (MANY_LABELS, [[0.05, 1, -1, -1], [1, 1, 1, 1]], [[-0.05, 1, -1, -1], [1, 1, 1, 1]], 1.0),
        (NLI, [[0.0, 0, 0, 2], [2, 0, 0, 0]], [[0.0, 0, 0, 2], [0, 0, 0, 2]], 0.5),
    ],
)
def test_agreement_of_labels(head: Head, right: list, converted: list, agreement: float) -> None:
    left, found = ({"logits": np.array(rows, np.float32)} for rows in (right, converted))
    assert compare(head, INPUTS, left, found, tie=0.1).agreement == agreement


def test_agreement_of_passages_is_that_of_their_order() -> None:
    right = {"score": np.array([[9.0], [5.0], [4.95], [-3.0]], np.float32)}
    tied = {"score": np.array([[9.0], [4.95], [5.0], [-3.0]], np.float32)}
    swapped = {"score": np.array([[5.0], [9.0], [4.95], [-3.0]], np.float32)}
    assert compare(PASSAGES, {"input_ids": MASK}, right, tied, tie=0.1).agreement == 1
    # Of 16 ordered pairs the two that name the first and the second are wrong.
    assert compare(PASSAGES, {"input_ids": MASK}, right, swapped, tie=0.1).agreement == 14 / 16


def test_agreement_of_tokens_leaves_padding_out() -> None:
    right = {"token_logits": np.zeros((2, 3, 2), np.float32)}
    right["token_logits"][..., 0] = 1
    converted = {"token_logits": right["token_logits"][..., ::-1].copy()}
    converted["token_logits"][0, :2] = [1, 0]
    assert compare(TOKENS, INPUTS, right, converted, tie=0.1).agreement == 0.5  # two of four


def test_agreement_of_spans_counts_both_ends_and_never_points_at_padding() -> None:
    right = {
        "start": np.array([[0, 1, 0], [1, 0, 0]], np.float32),
        "end": np.eye(3, dtype=np.float32)[[2, 0]],
    }
    converted = {name: array.copy() for name, array in right.items()}
    converted["start"][1] = [1, 9, 9]
    assert compare(SPAN, INPUTS, right, converted, tie=0).agreement == 1
    converted["end"][0] = [5, 0, 0]
    assert compare(SPAN, INPUTS, right, converted, tie=0).agreement == 0.75


def test_thresholds_grow_with_the_numbers_of_the_model() -> None:
    right = outputs("states", "vector")
    ten = {name: array * 10 for name, array in right.items()}
    small = thresholds(Precision.BF16, EMBEDDING, [Case(INPUTS, right)])
    large = thresholds(Precision.BF16, EMBEDDING, [Case(INPUTS, right), Case(INPUTS, ten)])
    assert large.max_abs_diff == pytest.approx(10 * small.max_abs_diff)
    assert large.min_cosine == small.min_cosine == LIMITS[Precision.BF16].min_cosine
    ten["states"][1, 1:] = 1e9  # padding
    assert thresholds(Precision.BF16, EMBEDDING, [Case(INPUTS, ten)]).max_abs_diff == large.max_abs_diff


@pytest.mark.parametrize(("head", "names"), BY_HEAD)
def test_the_gate_refuses_a_wrong_candidate_at_its_first_failure(head: Head, names: tuple[str, ...]) -> None:
    references = [Case(inputs_of(head), outputs(*names))] * 3
    limits = thresholds(Precision.FP32, head, references)
    right = Converted(head, names, error=0)
    report = examine(head, right, references, limits)
    assert (report.passed, len(report.cases), right.calls) == (True, 3, 3)
    wrong = Converted(head, names, error=1.5)
    report = examine(head, wrong, references, limits)
    assert (report.passed, len(report.cases), wrong.calls) == (False, 1, 1)


def test_every_precision_has_limits() -> None:
    assert set(LIMITS) == set(Precision) - {Precision.NATIVE}
