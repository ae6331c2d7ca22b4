"""The stored sample of a version: inputs, and the outputs that are right for them.

The rollout sends it through Triton before a version may serve. In the entry it is a numpy archive without
pickles, in which BYTES are strings of a fixed width.
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model_repository.errors import RepositoryError
from model_repository.parity import ParityThresholds
from model_repository.tensors import Array


@dataclass(frozen=True)
class Probe:
    """One sample.

    Attributes:
        inputs: by tensor name, batch axis first.
        expected: by tensor name, batch axis first; only tensors whose every element counts, so no padding.

    """

    inputs: Mapping[str, Array]
    expected: Mapping[str, Array]


def write_probe(path: Path, inputs: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    """Store a sample at `path`."""
    arrays = {f"inputs/{name}": array for name, array in inputs.items()}
    arrays |= {f"expected/{name}": array for name, array in expected.items()}
    arrays = {name: array.astype(bytes) if array.dtype.hasobject else array for name, array in arrays.items()}
    with path.open("wb") as file:
        np.savez(file, **arrays)


def read_probe(data: bytes) -> Probe:
    """Sample from the content of its file.

    Raises:
        RepositoryError: it is no sample, or it is damaged.

    """
    try:
        with np.load(BytesIO(data), allow_pickle=False) as archive:
            stored = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RepositoryError(f"the stored sample cannot be read: {error}") from error
    arrays = {
        name: array.astype(object) if array.dtype.kind == "S" else array for name, array in stored.items()
    }
    probe = Probe(inputs=_under("inputs/", arrays), expected=_under("expected/", arrays))
    if not probe.inputs or not probe.expected:
        raise RepositoryError("the stored sample has no inputs or no expected outputs")
    return probe


def difference(
    actual: Mapping[str, Array], expected: Mapping[str, Array], thresholds: ParityThresholds
) -> str | None:
    """Why an answer is not the expected one, in one line, or None when it is within the thresholds.

    Thresholds of no difference but an agreement are those of decisions, such as generated tokens: each is the
    expected one or not, however far apart their numbers are.
    """
    for name in expected:
        if name not in actual or actual[name].shape != expected[name].shape:
            shape = list(actual[name].shape) if name in actual else "nothing"
            return f"output {name} is {shape}, not {list(expected[name].shape)}"
        answer, right = (_rows(tensors[name]) for tensors in (actual, expected))
        if not np.isfinite(answer).all():
            return f"output {name} contains NaN or Inf"
        if thresholds.max_abs_diff == 0 < thresholds.agreement:
            if (share := float((answer == right).mean())) < thresholds.agreement:
                return f"output {name} agrees in {share:.3f}, less than {thresholds.agreement:.3f}"
            continue
        if (largest := np.abs(answer - right).max()) > thresholds.max_abs_diff:
            return f"output {name} differs by {largest:.3g}, more than {thresholds.max_abs_diff:.3g}"
        if (cosine := _min_cosine(answer, right)) < thresholds.min_cosine:
            return f"output {name} has the cosine {cosine:.6f}, less than {thresholds.min_cosine:.6f}"
    return None


def _under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _rows(array: Array) -> NDArray[np.float64]:
    """One vector a row, in double precision."""
    return array.reshape(len(array), -1).astype(np.float64)


def _min_cosine(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Smallest cosine similarity over the rows; of rows of zeros only equal ones are similar."""
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    products = np.einsum("ij,ij->i", left, right)
    equal = np.all(left == right, axis=1)
    return float(np.where(norms > 0, products / np.where(norms > 0, norms, 1), equal).min())
