"""Pages for the graph that finds lines, and lines out of the map that it answers with.

The map is that of differentiable binarisation (Liao et al., AAAI 2020): each line shows as an area of its
own, narrower than the text, so that neighbours do not touch.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gateway.serving.ocr.components import Runs, largest_components
from gateway.serving.ocr.lines import Points
from gateway.serving.ocr.rectangles import Rectangle, smallest_rectangle
from model_repository.heads import TextDetectionHead

MOST_LINES = 1000
"""Of one page; the largest are taken."""

SMALLEST = 3
"""Pixels of the map: what is thinner is no line."""


def page_tensor(head: TextDetectionHead, page: Image.Image) -> NDArray[np.float32]:
    """The page as the graph reads it, `[1, 3, height, width]`."""
    size = page_size(head, page.size)
    return to_tensor(np.asarray(page.resize(size, Image.Resampling.BILINEAR)))[None]


def page_size(head: TextDetectionHead, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height that a page is scaled to."""
    ratio = min(max(1.0, head.shortest / min(size)), head.longest / max(size))
    width, height = (max(1, round(ratio * side / head.stride)) * head.stride for side in size)
    return width, height


def to_tensor(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """RGB `[height, width, 3]` as BGR from -1 to 1, `[3, height, width]`."""
    scaled = pixels[..., ::-1].astype(np.float32) / np.float32(127.5) - np.float32(1)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def find_lines(head: TextDetectionHead, seen: NDArray[np.float32], page: tuple[int, int]) -> list[Points]:
    """Corners of the lines in a map, in pixels of the page.

    Args:
        seen: `[height, width]`, how likely each pixel is text.
        page: its width and height.

    """
    sums = np.concatenate([np.zeros(1), np.cumsum(seen, dtype=np.float64)])
    scale = np.array(page) / np.array(seen.shape[::-1])
    found = []
    for runs in largest_components(seen > head.threshold, MOST_LINES):
        if _mean(sums, seen.shape[1], runs) < head.line_threshold:
            continue
        rectangle = smallest_rectangle(runs)
        if min(rectangle.width, rectangle.height) < SMALLEST:
            continue
        found.append(_on_page(rectangle.expanded(head.expansion), scale, page))
    return found


def _mean(sums: Points, width: int, runs: Runs) -> float:
    """Mean of the map over an area; `sums` has one number before each pixel."""
    begin, end = runs.rows * width + runs.starts, runs.rows * width + runs.ends
    return float((sums[end] - sums[begin]).sum() / runs.pixels)


def _on_page(rectangle: Rectangle, scale: Points, page: tuple[int, int]) -> Points:
    corners: Points = np.clip(rectangle.corners * scale, 0, page)
    return corners
