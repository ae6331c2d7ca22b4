"""The graphs of a kit as they were given, run by ONNX Runtime."""

from pathlib import Path

from converters.given.original import GivenModel
from converters.ocr.kit import find_kit
from converters.results import Inspected, Part


class OcrFamily:
    """Loads originals of a kit's graphs; see `converters.families.family.GraphFamily`."""

    def load(self, source: Path, _facts: Inspected, part: Part) -> GivenModel:
        """The graph of the part."""
        kit = find_kit(source)
        assert kit is not None
        return GivenModel(kit[part.name], part, "")
