"""How far a converted model is from its original: the measurement that decides whether it is published."""

from model_repository.heads.struct import Struct


class ParityCase(Struct, frozen=True, kw_only=True):
    """Converted against original on one batch.

    Attributes:
        batch: rows in the batch.
        length: tokens in the longest row, shorter rows are padded; or tokens generated; 0 for images.
        max_abs_diff: largest absolute difference over all elements that count (padding left out); 0 where
            only agreement is measured.
        min_cosine: smallest cosine similarity over the rows, -1 to 1; 1 where it says nothing.
        agreement: share of decisions (labels, spans, generated tokens) that are the original's, 0 to 1.
        finite: no NaN and no Inf in the converted output.

    """

    batch: int
    length: int
    max_abs_diff: float
    min_cosine: float
    finite: bool
    agreement: float = 1.0


class ParityThresholds(Struct, frozen=True, kw_only=True):
    """What a candidate must keep to in every case to be published.

    Attributes:
        max_abs_diff: the largest difference that is allowed.
        min_cosine: the smallest cosine that is allowed, -1 to 1.
        agreement: the smallest share of the original's decisions that is allowed, 0 to 1.

    """

    max_abs_diff: float
    min_cosine: float
    agreement: float = 0.0


class ParityReport(Struct, frozen=True, kw_only=True):
    """The proof that the converted model answers like the original."""

    passed: bool
    thresholds: ParityThresholds
    cases: tuple[ParityCase, ...]

    @property
    def max_abs_diff(self) -> float:
        """Largest difference over all cases."""
        return max(case.max_abs_diff for case in self.cases)

    @property
    def min_cosine(self) -> float:
        """Smallest cosine over all cases."""
        return min(case.min_cosine for case in self.cases)

    @property
    def agreement(self) -> float:
        """Smallest agreement over all cases."""
        return min(case.agreement for case in self.cases)
