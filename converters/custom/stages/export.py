"""Export: the author's files as they are, looked into but not run."""

import shutil
from pathlib import Path

from converters.custom.layout import Loader
from converters.custom.scan import report_pickle
from converters.messages import Progress
from converters.results import Exported, Graph
from converters.spec import BuildSpec
from converters.work import each_part
from converters.workspace import Workspace
from model_repository.custom import INPUTS, MODEL_FOLDER, OUTPUTS

READABLE = 0o644, 0o755
"""For files and for folders: the code runs as nobody."""


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Exported:
    """Scan the pickle and copy the files."""
    (work,) = each_part(spec, workspace, folder, progress)
    if work.facts.architecture == Loader.PICKLE:
        progress(0, "scanning the pickle")
        report_pickle(work.source / Loader.PICKLE)
    progress(30, "copying the files")
    target = work.folder / MODEL_FOLDER
    shutil.copytree(work.source, target, copy_function=shutil.copyfile)
    for path in (target, *target.rglob("*")):
        path.chmod(READABLE[path.is_dir()])
    graph = Graph(exporter="none", inputs=INPUTS, outputs=OUTPUTS, max_batch_size=0)
    return Exported(parts={work.part.name: graph})
