"""The smallest rectangle, turned or not, around an area."""

from dataclasses import dataclass

import numpy as np

from gateway.serving.ocr.components import Runs
from gateway.serving.ocr.lines import Points


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle that lies within 45 degrees of level.

    Attributes:
        centre: x and y.
        along: unit vector of its level side, to the right.
        width: of the level side.
        height: of the other.

    """

    centre: Points
    along: Points
    width: float
    height: float

    def expanded(self, share: float) -> "Rectangle":
        """With every side moved out by `share` times area through perimeter."""
        more = share * self.width * self.height / (self.width + self.height)
        return Rectangle(self.centre, self.along, self.width + more, self.height + more)

    @property
    def corners(self) -> Points:
        """Top left, then clockwise: `[4, 2]`."""
        across = np.array([-self.along[1], self.along[0]])
        signs = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
        sides = np.stack([self.along * self.width, across * self.height])
        corners: Points = self.centre + signs @ sides
        return corners


def smallest_rectangle(runs: Runs) -> Rectangle:
    """One side of the smallest rectangle lies on a side of the convex hull, so all of those are tried."""
    hull = _hull(_outline(runs))
    sides = np.roll(hull, -1, axis=0) - hull
    along = sides / np.linalg.norm(sides, axis=1, keepdims=True)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    level, upright = hull @ along.T, hull @ across.T
    widths, heights = np.ptp(level, axis=0), np.ptp(upright, axis=0)
    best = int((widths * heights).argmin())
    middle = np.array([_middle(level[:, best]), _middle(upright[:, best])])
    centre = middle @ np.stack([along[best], across[best]])
    return _levelled(centre, along[best], float(widths[best]), float(heights[best]))


def _levelled(centre: Points, along: Points, width: float, height: float) -> Rectangle:
    if abs(along[1]) > abs(along[0]):
        along, width, height = np.array([-along[1], along[0]]), height, width
    return Rectangle(centre, along if along[0] > 0 else -along, width, height)


def _middle(values: Points) -> float:
    return float(values.min() + values.max()) / 2


def _outline(runs: Runs) -> Points:
    """The corners of each row's first and last pixel, sorted by x, then y."""
    first = np.flatnonzero(np.diff(runs.rows, prepend=-1))
    rows = runs.rows[first]
    left, right = np.minimum.reduceat(runs.starts, first), np.maximum.reduceat(runs.ends, first)
    above, below = np.concatenate([rows, rows]), np.concatenate([rows + 1, rows + 1])
    columns = np.concatenate([left, right, left, right])
    points: Points = np.unique(np.stack([columns, np.concatenate([above, below])], axis=1), axis=0)
    return points.astype(np.float64)


def _hull(points: Points) -> Points:
    """Convex hull by Andrew's monotone chain; `points` are sorted."""
    lower, upper = _chain(points.tolist()), _chain(points[::-1].tolist())
    return np.array(lower[:-1] + upper[:-1])


def _chain(points: list[list[float]]) -> list[list[float]]:
    chain: list[list[float]] = []
    for point in points:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain


def _turn(first: list[float], second: list[float], third: list[float]) -> float:
    """Above 0 where the way through the three turns left."""
    (ax, ay), (bx, by), (cx, cy) = first, second, third
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
