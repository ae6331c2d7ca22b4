"""Optimise: there is nothing to make faster, but packages to install that the code needs."""

from pathlib import Path

from converters.custom.environment import copy_environment
from converters.custom.layout import REQUIREMENTS
from converters.custom.requirements import read_requirements
from converters.messages import Progress
from converters.results import Optimised
from converters.spec import BuildSpec
from converters.work import each_part
from converters.workspace import Workspace
from model_repository.custom import ENVIRONMENT_FOLDER


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Optimised:
    """Install the requirements, if there are any."""
    (work,) = each_part(spec, workspace, folder, progress)
    requirements = read_requirements(work.source / REQUIREMENTS)
    if requirements:
        progress(5, f"installing {len(requirements)} requirements")
        copy_environment(spec, workspace.root.parent, requirements, work.folder / ENVIRONMENT_FOLDER)
    return Optimised(parts={})
