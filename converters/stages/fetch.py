"""Fetch: the source's files into the workspace, checked for what can be checked without a model."""

from pathlib import Path

from converters.generation import gguf
from converters.messages import Progress
from converters.results import Fetched
from converters.sources import fetch
from converters.sources.files import digest
from converters.sources.places import forget_places
from converters.spec import BuildSpec
from converters.speech import unpacking
from converters.workspace import Workspace


def run(spec: BuildSpec, _workspace: Workspace, folder: Path, progress: Progress) -> Fetched:
    """Copy the source's files into `folder` and take their digest."""
    uri = fetch(spec, folder, progress)
    progress(80, "taking the digest")
    fetched = Fetched(uri=uri, digest=digest(folder))
    forget_places(folder)
    gguf.unpack(folder, progress)
    unpacking.unpack(folder, progress)
    return fetched
