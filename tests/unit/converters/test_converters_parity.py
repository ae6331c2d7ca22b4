"""The figures of the parity gate, and what passes."""

import math

import numpy as np
import pytest
from converters.tasks.embedding import EMBEDDING, HIDDEN, EmbeddingFamily, min_cosine

from converters.parity import LIMITS, thresholds, within
from converters.tensors import Tensors
from model_repository.manifest import ParityCase, ParityThresholds, Precision

LIMIT = ParityThresholds(max_abs_diff=0.01, min_cosine=0.99)
MASK = np.array([[1, 1, 1], [1, 0, 0]], np.int64)


def case(*, max_abs_diff: float = 0.0, min_cosine: float = 1.0, finite: bool = True) -> ParityCase:
    return ParityCase(batch=1, length=1, max_abs_diff=max_abs_diff, min_cosine=min_cosine, finite=finite)


def outputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        HIDDEN: rng.normal(size=(2, 3, 4)).astype(np.float32),
        EMBEDDING: rng.normal(size=(2, 4)).astype(np.float32),
    }


def compare(original: Tensors, converted: Tensors) -> ParityCase:
    return EmbeddingFamily().compare(original, converted, {"attention_mask": MASK})


@pytest.mark.parametrize(
    ("figures", "passes"),
    [
        ({}, True),
        ({"max_abs_diff": 0.01, "min_cosine": 0.99}, True),
        ({"max_abs_diff": 0.011}, False),
        ({"min_cosine": 0.98}, False),
        ({"finite": False}, False),
        ({"max_abs_diff": math.nan}, False),
        ({"min_cosine": math.nan}, False),
        ({"max_abs_diff": math.inf}, False),
    ],
)
def test_only_figures_within_the_thresholds_pass(figures: dict[str, float], passes: bool) -> None:
    assert within(case(**figures), LIMIT) is passes


def test_equal_outputs_have_no_difference() -> None:
    figures = compare(outputs(), outputs())
    assert figures.max_abs_diff == 0
    assert figures.min_cosine == pytest.approx(1)
    assert figures.finite
    assert (figures.batch, figures.length) == (2, 3)


def test_what_padding_holds_does_not_count() -> None:
    converted = outputs()
    converted[HIDDEN][1, 1:] = np.nan
    assert compare(outputs(), converted) == compare(outputs(), outputs())


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", [HIDDEN, EMBEDDING])
def test_one_number_that_is_not_finite_is_found_and_figures_stay_numbers(name: str, wrong: float) -> None:
    converted = outputs()
    converted[name][0, 0] = wrong
    figures = compare(outputs(), converted)
    assert not figures.finite
    assert math.isfinite(figures.max_abs_diff)
    assert math.isfinite(figures.min_cosine)
    assert not within(figures, ParityThresholds(max_abs_diff=math.inf, min_cosine=-1))


def test_the_difference_covers_states_and_vectors() -> None:
    converted = outputs()
    converted[HIDDEN][1, 0, 0] += 0.5
    assert compare(outputs(), converted).max_abs_diff == pytest.approx(0.5, rel=1e-5)
    converted[EMBEDDING][0] *= -1
    assert compare(outputs(), converted).min_cosine == pytest.approx(-1)


def test_a_vector_of_zeros_has_no_direction() -> None:
    assert min_cosine(np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32)) == 0


def test_thresholds_grow_with_the_numbers_of_the_model() -> None:
    small = thresholds(Precision.BF16, [outputs()])
    large = thresholds(Precision.BF16, [outputs(), {name: array * 10 for name, array in outputs().items()}])
    assert large.max_abs_diff == pytest.approx(10 * small.max_abs_diff)
    assert large.min_cosine == small.min_cosine == LIMITS[Precision.BF16].min_cosine


def test_every_precision_has_limits() -> None:
    assert set(LIMITS) == set(Precision)
