"""Which folders are kits that read text."""

from pathlib import Path

import pytest

from converters.inspection.recognition import Kind, recognise
from converters.ocr.kit import find_kit

PADDLE = ("ch_PP-OCRv4_det_infer", "ch_ppocr_mobile_v2.0_cls_infer", "en_PP-OCRv5_rec_mobile")


def kit(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / f"{name}.onnx").touch()
    return folder


def test_the_names_of_the_files_tell_what_each_graph_does(tmp_path: Path) -> None:
    found = find_kit(kit(tmp_path, *PADDLE))
    assert found is not None
    assert {part: path.stem for part, path in found.items()} == {
        "detection": PADDLE[0],
        "direction": PADDLE[1],
        "recognition": PADDLE[2],
    }
    assert recognise(tmp_path) is Kind.OCR


@pytest.mark.parametrize(
    "names", [PADDLE[:2], (*PADDLE, "another"), ("one_det", "other_det", "rec"), ("detail", "record", "cls")]
)
def test_other_graphs_are_no_kit(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert find_kit(kit(tmp_path, *names)) is None
    assert recognise(tmp_path) is Kind.GRAPH
