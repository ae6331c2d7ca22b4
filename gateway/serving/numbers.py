"""Numbers as JSON has them, in lists, as arrays of exactly the type that a graph takes."""

import numpy as np

from model_repository.errors import RefusedInputError
from model_repository.tensors import DTYPES, Array

KINDS = {
    "b": ("b", "true or false"),
    "i": ("iu", "whole numbers"),
    "u": ("iu", "whole numbers"),
    "f": ("iuf", "numbers"),
}
"""By the kind of a type: the kinds that numpy finds in lists that are right, and what those hold."""


def as_array(value: object, rule: str) -> Array:
    """Nested lists as an array of whatever they hold.

    Args:
        rule: what would be right, with which messages begin.

    Raises:
        RefusedInputError: the lists are not of equal lengths.

    """
    try:
        return np.asarray(value)
    except (ValueError, OverflowError):
        raise RefusedInputError(f"{rule}, in lists of equal lengths") from None


def typed(array: Array, datatype: str, rule: str) -> Array:
    """Numbers as the KServe v2 `datatype`.

    Raises:
        RefusedInputError: they are of another kind, or too large for it.

    """
    dtype = DTYPES[datatype]
    kinds, what = KINDS[dtype.kind]
    if array.dtype.kind not in kinds:
        raise RefusedInputError(f"{rule}: {what} alone")
    if dtype.kind in "iu" and array.size:
        limits = np.iinfo(dtype.name)
        if array.min() < limits.min or array.max() > limits.max:
            raise RefusedInputError(f"{rule}: from {limits.min} to {limits.max}")
    with np.errstate(over="ignore"):
        tensor = array.astype(dtype)
    if not np.isfinite(tensor).all():
        raise RefusedInputError(f"{rule}: none larger than {np.finfo(dtype.name).max:g}")
    return tensor
