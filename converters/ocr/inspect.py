"""What the graphs of a kit take and give, with the figures that PP-OCR is run with."""

from pathlib import Path

import onnx

from converters.given.graph import inputs_of, read_graph
from converters.ocr.kit import DETECTION, DIRECTION, RECOGNITION, find_kit
from converters.results import Inspected, Part, Signature
from converters.spec import BuildSpec, ConversionError
from model_repository.heads import Head, TextDetectionHead, TextDirectionHead, TextRecognitionHead
from model_repository.manifest import Task, TensorSpec

FAMILY = "ocr"
STAGES = "converters.ocr.stages"
ARCHITECTURE = "PP-OCR"

CHARACTERS = "character"
"""Key of the recognition graph's metadata: one character a line."""

LINE_HEIGHT, DIRECTION_WIDTH = 48, 192
DYNAMIC = -1

EXPANSION = 1.9
"""PP-OCR itself takes 1.6, and loses gaps between words: of 110 in a scan of drawn lines, as the gateway cuts
them, it keeps 103, and this all."""

IDS, SCORES = "trireme_ids", "trireme_scores"
"""Outputs that are added to the recognition graph."""


def inspect_ocr(spec: BuildSpec, source: Path) -> Inspected:
    """The three parts of a kit.

    Raises:
        ConversionError: a graph does not take or give what it should, or knows no characters.

    """
    kit = find_kit(source)
    assert kit is not None
    if set(spec.tasks) - {Task.OCR}:
        raise ConversionError(
            f"the graphs do {Task.OCR}, not {' and '.join(spec.tasks)}",
            hint="Leave the tasks out to have the model's own found.",
        )
    graphs = {part: read_graph(path) for part, path in kit.items()}
    parts = (
        _detection(graphs[DETECTION], kit[DETECTION]),
        _direction(graphs[DIRECTION], kit[DIRECTION]),
        _recognition(graphs[RECOGNITION], kit[RECOGNITION]),
    )
    return Inspected(root="", architecture=ARCHITECTURE, family=FAMILY, stages=STAGES, parts=parts)


def _detection(model: onnx.ModelProto, path: Path) -> Part:
    taken, given = _names(model, path)
    head = TextDetectionHead(
        output=given,
        stride=32,
        shortest=736,
        longest=2000,
        threshold=0.3,
        line_threshold=0.5,
        expansion=EXPANSION,
    )
    outputs = (_floats(given, 1, DYNAMIC, DYNAMIC),)
    return _part(DETECTION, head, _floats(taken, 3, DYNAMIC, DYNAMIC), outputs)


def _direction(model: onnx.ModelProto, path: Path) -> Part:
    taken, given = _names(model, path)
    head = TextDirectionHead(output=given, height=LINE_HEIGHT, width=DIRECTION_WIDTH, threshold=0.9)
    return _part(DIRECTION, head, _floats(taken, 3, LINE_HEIGHT, DIRECTION_WIDTH), (_floats(given, 2),))


def _recognition(model: onnx.ModelProto, path: Path) -> Part:
    taken, given = _names(model, path)
    characters = _characters(model, path)
    head = TextRecognitionHead(
        output=given,
        ids=IDS,
        scores=SCORES,
        height=LINE_HEIGHT,
        stride=8,
        characters=characters,
        threshold=0.5,
    )
    outputs = (
        _floats(given, DYNAMIC, len(characters) + 1),
        TensorSpec(name=IDS, datatype="INT64", shape=(DYNAMIC, DYNAMIC)),
        _floats(SCORES, DYNAMIC),
    )
    return _part(RECOGNITION, head, _floats(taken, 3, LINE_HEIGHT, DYNAMIC), outputs)


def _part(name: str, head: Head, taken: TensorSpec, given: tuple[TensorSpec, ...]) -> Part:
    return Part(
        name=name,
        tasks=(Task.OCR,),
        head=head,
        inputs=(taken.name,),
        signature=Signature(inputs=(taken,), outputs=given),
    )


def _names(model: onnx.ModelProto, path: Path) -> tuple[str, str]:
    """The one input and the one output."""
    taken, given = inputs_of(model), model.graph.output
    if len(taken) != 1 or len(given) != 1 or len(taken[0].type.tensor_type.shape.dim) != 4:
        raise ConversionError(
            f"{path.name} does not take one image and give one output",
            hint="Export the graphs of PP-OCR as Paddle2ONNX writes them.",
        )
    return taken[0].name, given[0].name


def _floats(name: str, *shape: int) -> TensorSpec:
    return TensorSpec(name=name, datatype="FP32", shape=(DYNAMIC, *shape))


def _characters(model: onnx.ModelProto, path: Path) -> str:
    """All that the graph can read, in the order of its columns; the last of them is the space."""
    found = next((entry.value for entry in model.metadata_props if entry.key == CHARACTERS), "")
    listed = [*found.split("\n"), " "]
    columns = model.graph.output[0].type.tensor_type.shape.dim[-1].dim_value
    if not all(len(each) == 1 for each in listed) or columns != len(listed) + 1:
        raise ConversionError(
            f"{path.name} has {columns} columns, and {len(listed) - 1} characters in its metadata",
            hint=f"Write them under {CHARACTERS!r}, one a line, without the blank and the space.",
        )
    return "".join(listed)
