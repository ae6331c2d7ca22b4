"""Lines of text where they stand on a page."""

from dataclasses import dataclass
from functools import cached_property
from math import dist

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Points `[n, 2]`, x then y, in pixels."""

UPRIGHT = 1.5
"""Times as high as wide: such lines run up or down the page."""


@dataclass(frozen=True)
class Line:
    """One line of text.

    Attributes:
        corners: of its rectangle, which may be turned: where the text begins at the top, then clockwise.
        confidence: 0 to 1; 1 for text that was not read but found as such.
        bold: None where that is not known; such a line's size is but measured.

    """

    corners: tuple[tuple[float, float], ...]
    text: str
    confidence: float = 1.0
    bold: bool | None = None

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

    @cached_property
    def size(self) -> float:
        """From above its letters to below them, in pixels; that of the font where the page tells."""
        origin, end, _, below = self.corners
        across, along = dist(origin, below), dist(origin, end)
        runs_up = len(self.text) > 1 and across >= UPRIGHT * along
        return max(along if runs_up else across, 1.0)
