"""Lines cut out of a page, level and at the height that they are read at."""

from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gateway.serving.ocr.lines import UPRIGHT, Points

Crop = NDArray[np.uint8]
"""RGB pixels, `[height, width, 3]`."""

LONGEST = 64
"""Times as wide as high: of longer lines the rest is squeezed in, so that no line takes all memory."""

WHITE = (255, 255, 255)


def cut(page: Image.Image, corners: Points, height: int) -> Crop:
    """One line, level, `height` pixels high.

    Small lines are enlarged as they are cut: a second scaling would blur the gaps between words away.

    Args:
        corners: top left, then clockwise.

    """
    if _distance(*corners[[0, 3]]) >= UPRIGHT * _distance(*corners[[0, 1]]):
        corners = np.roll(corners, -1, axis=0)
    width, depth = _distance(*corners[[0, 1]]), _distance(*corners[[0, 3]])
    size = min(ceil(height * width / depth), LONGEST * height), height
    if depth <= height:
        return np.asarray(_level(page, corners, size))
    return np.asarray(
        _level(page, corners, (ceil(width), ceil(depth))).resize(size, Image.Resampling.BICUBIC)
    )


def _level(page: Image.Image, corners: Points, size: tuple[int, int]) -> Image.Image:
    """A rectangle of the page, scaled to a size."""
    origin, right, _, below = corners
    along, across = (right - origin) / size[0], (below - origin) / size[1]
    way = (along[0], across[0], origin[0], along[1], across[1], origin[1])
    return page.transform(size, Image.Transform.AFFINE, way, Image.Resampling.BICUBIC, fillcolor=WHITE)


def squeezed(crop: Crop, width: int) -> Crop:
    """The line at no more than this width."""
    if crop.shape[1] <= width:
        return crop
    return np.asarray(Image.fromarray(crop).resize((width, crop.shape[0]), Image.Resampling.BILINEAR))


def turned(crop: Crop) -> Crop:
    """The line the other way round."""
    return crop[::-1, ::-1]


def _distance(one: Points, other: Points) -> float:
    """In pixels, at least one."""
    return max(1.0, float(np.linalg.norm(other - one)))
