"""From a map of likely text to lines, from a page to crops, from steps to characters."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from gateway.serving.ocr.components import largest_components
from gateway.serving.ocr.crops import cut, squeezed, turned
from gateway.serving.ocr.decoding import decode
from gateway.serving.ocr.detection import find_lines, page_size
from gateway.serving.ocr.rectangles import smallest_rectangle
from model_repository.heads import TextDetectionHead, TextRecognitionHead

DETECTION = TextDetectionHead(
    output="map", stride=32, shortest=64, longest=320, threshold=0.3, line_threshold=0.5, expansion=0.0
)
RECOGNITION = TextRecognitionHead(
    output="all", ids="ids", scores="scores", height=48, stride=8, characters="ab ", threshold=0.5
)


def drawn(*polygons: list[tuple[float, float]], size: tuple[int, int] = (200, 100)) -> np.ndarray:
    image = Image.new("L", size)
    for polygon in polygons:
        ImageDraw.Draw(image).polygon(polygon, fill=255)
    return np.asarray(image, np.float32) / 255


def test_areas_touch_at_corners_and_the_largest_are_kept() -> None:
    mask = np.zeros((6, 9), bool)
    mask[0, 0] = mask[1, 1] = mask[2, 0] = True  # one area around a corner
    mask[0, 3:6] = mask[1, 5] = mask[2, 3:6] = True  # one that parts and meets again
    mask[5, 8] = True
    areas = {
        tuple(zip(runs.rows.tolist(), runs.starts.tolist(), strict=True))
        for runs in largest_components(mask, 9)
    }
    assert areas == {((0, 0), (1, 1), (2, 0)), ((0, 3), (1, 5), (2, 3)), ((5, 8),)}
    assert [runs.pixels for runs in largest_components(mask, 1)] == [7]
    assert list(largest_components(np.zeros((3, 3), bool), 5)) == []


def test_areas_agree_with_a_flood_fill_on_noise() -> None:
    mask = np.random.default_rng(0).random((40, 50)) < 0.45
    filled = Image.fromarray((mask * 1).astype(np.int32), "I")
    count = 0
    for y, x in np.argwhere(mask).tolist():
        if filled.getpixel((x, y)) == 1:
            count += 1
            around = [(x, y)]
            while around:
                column, row = around.pop()
                if 0 <= column < 50 and 0 <= row < 40 and filled.getpixel((column, row)) == 1:
                    filled.putpixel((column, row), 2)
                    around += [(column + dx, row + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    areas = list(largest_components(mask, 10_000))
    assert len(areas) == count
    assert sum(runs.pixels for runs in areas) == mask.sum()


@pytest.mark.parametrize("degrees", [0, 7, 30, -20])
def test_the_rectangle_around_a_turned_line_is_the_line(degrees: int) -> None:
    angle = np.deg2rad(degrees)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    middle = np.array([100, 50])
    polygon = [
        tuple(middle + sx * 60 * along + sy * 8 * across) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    (runs,) = largest_components(drawn(polygon) > 0, 1)
    found = smallest_rectangle(runs)
    assert (found.width, found.height) == (pytest.approx(120, abs=3), pytest.approx(16, abs=3))
    assert found.along @ along == pytest.approx(1, abs=0.01)
    assert found.corners[0] == pytest.approx(polygon[0], abs=3)
    assert found.expanded(2).height == pytest.approx(found.height + 2 * 120 * 16 / 136, rel=0.1)


def test_faint_and_thin_areas_are_no_lines() -> None:
    seen = drawn([(10, 10), (90, 10), (90, 20), (10, 20)])
    seen[40:50, 10:90] = 0.4
    seen[60:62, 10:90] = 1.0
    (corners,) = find_lines(DETECTION, seen, (400, 200))
    np.testing.assert_allclose(corners, [[20, 20], [182, 20], [182, 42], [20, 42]])


@pytest.mark.parametrize(
    ("size", "scaled"),
    [((100, 64), (96, 64)), ((32, 50), (64, 96)), ((1000, 10), (320, 32)), ((640, 640), (320, 320))],
)
def test_pages_are_scaled_within_bounds(size: tuple[int, int], scaled: tuple[int, int]) -> None:
    assert page_size(DETECTION, size) == scaled


def test_a_line_is_cut_level_and_one_that_runs_down_the_page_is_turned() -> None:
    page = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(page).rectangle((50, 20, 69, 119), fill="red")
    ImageDraw.Draw(page).rectangle((50, 20, 69, 29), fill="blue")
    level = np.array([[50.0, 20.0], [70.0, 20.0], [70.0, 120.0], [50.0, 120.0]])
    crop = cut(page, level, 48)
    assert crop.shape == (48, 240, 3)
    assert (crop[24, 8].tolist(), crop[24, 120].tolist()) == ([0, 0, 255], [255, 0, 0])
    assert turned(crop)[24, -8].tolist() == [0, 0, 255]
    assert squeezed(crop, 100).shape == (48, 100, 3)
    strip = np.array([[0.0, 0.0], [200.0, 0.0], [200.0, 1.0], [0.0, 1.0]])
    assert cut(page, strip, 48).shape == (48, 64 * 48, 3)


def test_repeated_steps_are_one_character_unless_a_blank_parts_them() -> None:
    ids = np.array([0, 1, 1, 0, 1, 3, 2, 0], np.float32)
    scores = np.array([1, 0.5, 0, 1, 0.9, 0.8, 1.0, 1], np.float32)
    assert decode(RECOGNITION, ids, scores) == ("aa b", pytest.approx(0.8))
    assert decode(RECOGNITION, np.zeros(3, np.float32), np.ones(3, np.float32)) == ("", 0.0)
