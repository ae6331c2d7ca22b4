"""The gate: a candidate answers like the original over many shapes, or it is not published."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from converters.engines import Session
from converters.samples import Sampler
from converters.tasks.family import Family
from converters.tensors import Tensors
from model_repository.manifest import ParityCase, ParityReport, ParityThresholds, Precision

BATCHES = (1, 3, 8)
LENGTHS = (1, 7, 32)
"""Tokens in the longest row; the model's limit is the fourth."""

LARGEST_BATCH_TOKENS = 32_768
"""Batches above this many tokens are left out: only models with limits above 4096 have such."""


class Limit(NamedTuple):
    """What a precision may do to the numbers.

    Attributes:
        relative_diff: largest difference as a share of the original's largest output value, because rounding
            errors grow with the numbers.
        min_cosine: smallest cosine similarity.

    """

    relative_diff: float
    min_cosine: float


LIMITS = {
    Precision.FP32: Limit(1e-3, 0.9999),
    Precision.BF16: Limit(3e-2, 0.999),
    Precision.INT8: Limit(1e-1, 0.99),
}
"""Chosen on all-MiniLM-L6-v2, whose worst figures are: fp32 1e-6 and 1.0000; bf16 0.7 % and 0.99997;
int8 10 % and 0.980. So fp32 and bf16 leave room for other models; int8 is for models that bear it better.
"""


class Case(NamedTuple):
    """One batch and the original's answer to it."""

    inputs: Tensors
    original: Tensors


def cases(sampler: Sampler, limit: int) -> Iterator[Tensors]:
    """Batches over all sizes and lengths that the model takes, padding included."""
    for length in sorted({min(length, limit) for length in (*LENGTHS, limit)}):
        for rows in BATCHES:
            if rows * length <= LARGEST_BATCH_TOKENS or rows == 1:
                yield sampler.parity_batch(rows, length)


def thresholds(precision: Precision, originals: Sequence[Tensors]) -> ParityThresholds:
    """Absolute thresholds of a precision for a model with these outputs."""
    largest = max(float(np.abs(array).max()) for outputs in originals for array in outputs.values())
    limit = LIMITS[precision]
    return ParityThresholds(max_abs_diff=limit.relative_diff * largest, min_cosine=limit.min_cosine)


def examine(
    family: Family, session: Session, references: Sequence[Case], limits: ParityThresholds
) -> ParityReport:
    """Run a candidate over all cases and judge it."""
    figures = []
    for inputs, original in references:
        converted = session.run(inputs, tuple(original))
        figures.append(family.compare(original, converted, inputs))
    return ParityReport(
        passed=all(within(case, limits) for case in figures), thresholds=limits, cases=tuple(figures)
    )


def within(case: ParityCase, limits: ParityThresholds) -> bool:
    """Whether the figures pass; written so that a NaN anywhere fails."""
    return case.finite and case.max_abs_diff <= limits.max_abs_diff and case.min_cosine >= limits.min_cosine
