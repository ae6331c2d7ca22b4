"""Optimise: nothing to do; OpenVINO optimises the graphs for the CPU that opens them."""

from pathlib import Path

from converters.messages import Progress
from converters.results import Optimised
from converters.spec import BuildSpec
from converters.workspace import Workspace


def run(_spec: BuildSpec, _workspace: Workspace, _folder: Path, _progress: Progress) -> Optimised:
    """No variants."""
    return Optimised(parts={})
