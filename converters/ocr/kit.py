"""Which graph of a kit does what, by the words in the names of its files."""

import re
from pathlib import Path

DETECTION, DIRECTION, RECOGNITION = "detection", "direction", "recognition"

WORDS = {DETECTION: "det", DIRECTION: "cls", RECOGNITION: "rec"}
"""As PaddleOCR and all who export its models call them: `ch_PP-OCRv4_det_infer.onnx`."""


def find_kit(source: Path) -> dict[str, Path] | None:
    """The three graphs by what they do, or None where the source is not exactly those."""
    graphs = sorted(source.rglob("*.onnx"))
    found = {part: [path for path in graphs if word in _words(path)] for part, word in WORDS.items()}
    if len(graphs) != len(WORDS) or any(len(paths) != 1 for paths in found.values()):
        return None
    return {part: path for part, (path,) in found.items()}


def _words(path: Path) -> list[str]:
    return re.split(r"[^a-z]+", path.stem.lower())
