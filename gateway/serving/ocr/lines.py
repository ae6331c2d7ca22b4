"""Lines of text where they stand on a page."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Points `[n, 2]`, x then y, in pixels."""


@dataclass(frozen=True)
class Line:
    """One line of text.

    Attributes:
        corners: of its rectangle, which may be turned: where the text begins at the top, then clockwise.
        confidence: 0 to 1; 1 for text that was not read but found as such.

    """

    corners: tuple[tuple[float, float], ...]
    text: str
    confidence: float = 1.0

    @cached_property
    def left(self) -> float:
        """Smallest x."""
        return min(x for x, _ in self.corners)

    @cached_property
    def right(self) -> float:
        """Largest x."""
        return max(x for x, _ in self.corners)

    @cached_property
    def top(self) -> float:
        """Smallest y."""
        return min(y for _, y in self.corners)

    @cached_property
    def bottom(self) -> float:
        """Largest y."""
        return max(y for _, y in self.corners)

    @property
    def height(self) -> float:
        """From the top to the bottom."""
        return self.bottom - self.top
