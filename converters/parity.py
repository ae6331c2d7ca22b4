"""The gate: a candidate answers like the original over many shapes, or it is not published."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from converters.comparison import VectorHead, compare, counting, decides
from converters.engines import Session
from converters.tensors import Tensors
from model_repository.heads import Head, TensorHead
from model_repository.manifest import Precision
from model_repository.parity import ParityCase, ParityReport, ParityThresholds


class Limit(NamedTuple):
    """What a precision may do to the numbers.

    Attributes:
        relative_diff: largest difference as a share of the original's largest output value, because rounding
            errors grow with the numbers.
        min_cosine: smallest cosine similarity; of vectors only.
        agreement: smallest share of equal decisions; of labels and spans only. A decision is equal too where
            the original itself holds both choices within the largest difference, which makes them a tie.

    """

    relative_diff: float
    min_cosine: float
    agreement: float


LIMITS = {
    Precision.FP32: Limit(1e-3, 0.9999, 1.0),
    Precision.FP16: Limit(1e-2, 0.9995, 1.0),
    Precision.BF16: Limit(3e-2, 0.999, 1.0),
    Precision.INT8: Limit(1e-1, 0.99, 1.0),
}
"""Chosen on all-MiniLM-L6-v2, whose worst figures are: fp32 1e-6 and 1.0000; bf16 0.7 % and 0.99997;
int8 10 % and 0.980 by ONNX Runtime, 3 % and 0.998 by OpenVINO. So fp32 and bf16 leave room for other models.
"""


class Case(NamedTuple):
    """One batch and the original's answer to it."""

    inputs: Tensors
    original: Tensors


def thresholds(precision: Precision, head: Head, references: Sequence[Case]) -> ParityThresholds:
    """Absolute thresholds of a precision for a model with these answers.

    What plain numbers are for is not known, so none of them may lose more than in fp32.
    """
    largest = max(
        float(np.abs(array).max(initial=0))
        for inputs, original in references
        for array in counting(head, inputs, original).values()
    )
    limit = LIMITS[Precision.FP32 if isinstance(head, TensorHead) else precision]
    return ParityThresholds(
        max_abs_diff=limit.relative_diff * largest,
        min_cosine=limit.min_cosine if isinstance(head, VectorHead) else -1.0,
        agreement=limit.agreement if decides(head) else 0.0,
    )


def examine(
    head: Head, session: Session, references: Sequence[Case], limits: ParityThresholds
) -> ParityReport:
    """Run a candidate over the cases and judge it; the first case that fails is the last one run."""
    seen: list[ParityCase] = []
    for inputs, original in references:
        converted = session.run(inputs, tuple(original))
        seen.append(compare(head, inputs, original, converted, tie=limits.max_abs_diff))
        if not within(seen[-1], limits):
            break
    return ParityReport(passed=within(seen[-1], limits), thresholds=limits, cases=tuple(seen))


def figures(report: ParityReport) -> str:
    """The worst figures of a report with their limits, in one line."""
    limits = report.thresholds
    told = [f"difference {report.max_abs_diff:.2g} of {limits.max_abs_diff:.2g}"]
    if limits.min_cosine > -1:
        told.append(f"cosine {report.min_cosine:.4f} of {limits.min_cosine:g}")
    if limits.agreement > 0:
        told.append(f"agreement {report.agreement:.4f} of {limits.agreement:g}")
    if not all(case.finite for case in report.cases):
        told.append("NaN or Inf found")
    return ", ".join(told)


def within(case: ParityCase, limits: ParityThresholds) -> bool:
    """Whether the figures pass; written so that a NaN anywhere fails."""
    return (
        case.finite
        and case.max_abs_diff <= limits.max_abs_diff
        and case.min_cosine >= limits.min_cosine
        and case.agreement >= limits.agreement
    )
