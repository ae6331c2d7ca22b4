"""Compares the answers of two versions, for shadow traffic."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from itertools import starmap
from math import isclose
from typing import Any

import numpy as np

TOLERANCE = 1e-2
"""Relative and absolute difference of numbers that counts as none: what another precision makes of them."""


def alike(one: Any, other: Any) -> bool:
    """Whether two results of a task say the same, numbers but for rounding."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE)
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if is_dataclass(one) and type(one) is type(other):
        return all(alike(getattr(one, each.name), getattr(other, each.name)) for each in fields(one))
    if isinstance(one, Sequence) and isinstance(other, Sequence) and not isinstance(one, str | bytes):
        return len(one) == len(other) and all(starmap(alike, zip(one, other, strict=True)))
    return bool(one == other)
