"""Inspect: what the model is, which family converts it, and what goes in and out of its graphs."""

from pathlib import Path

from converters.inspection.recognition import Kind, recognise
from converters.messages import Progress
from converters.results import Fetched, Inspected
from converters.spec import BuildSpec, Stage
from converters.workspace import Workspace


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Inspected:
    """Read the source's own description of itself; write the tokenizer of each part into `folder`."""
    workspace.result(Stage.FETCH, Fetched)
    source = workspace.folder(Stage.FETCH)
    # Only what reads this kind is imported: torch takes seconds, and code and pages are read without it.
    match recognise(source):
        case Kind.CODE:
            from converters.custom.inspect import inspect_custom  # noqa: PLC0415

            progress(20, "reading what the model declares")
            return inspect_custom(spec, source)
        case Kind.GRAPH:
            from converters.given.inspect import inspect_given  # noqa: PLC0415

            progress(20, "reading the graph")
            return inspect_given(spec, source, folder)
        case Kind.OCR:
            from converters.ocr.inspect import inspect_ocr  # noqa: PLC0415

            progress(20, "reading the graphs")
            return inspect_ocr(spec, source)
        case Kind.TRANSFORMERS:
            from converters.families.inspect import inspect_transformers  # noqa: PLC0415

            return inspect_transformers(spec, source, folder, progress)
