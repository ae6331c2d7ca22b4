"""Compile: the folder that the backend opens."""

import os
import shutil
from pathlib import Path

import msgspec

from converters.custom.environment import PYTHON
from converters.messages import Progress
from converters.results import Built, Compiled
from converters.spec import BuildSpec, Stage
from converters.work import each_part
from converters.workspace import Workspace
from model_repository.custom import CustomSettings
from model_repository.layout import MODEL_FILES
from model_repository.manifest import Engine, EngineSpec, Precision

FOLDER = "code"


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Compiled:
    """Lay the author's files, the packages and the settings side by side."""
    (work,) = each_part(spec, workspace, folder, progress)
    target = work.folder / FOLDER
    target.mkdir(parents=True)
    for stage in (Stage.EXPORT, Stage.OPTIMISE):
        if work.of(stage).is_dir():
            shutil.copytree(work.of(stage), target, copy_function=os.link, dirs_exist_ok=True)
    settings = CustomSettings(loader=work.facts.architecture, python=PYTHON, limits=spec.sandbox)
    (target / MODEL_FILES[Engine.CUSTOM]).write_bytes(msgspec.json.encode(settings))
    engine = EngineSpec(engine=Engine.CUSTOM, precision=Precision.NATIVE)
    return Compiled(parts={work.part.name: (Built(engine=engine, folder=FOLDER),)})
